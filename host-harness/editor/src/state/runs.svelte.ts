import { SvelteMap } from 'svelte/reactivity';
import { api, ApiError, followRun } from '../api/client';
import type { Failure, OutputInfo, RunEvent, RunRequest } from '../api/types';
import { announcer, report } from './announcer.svelte';

export interface StepStatus {
  state: 'running' | 'succeeded' | 'failed' | 'skipped' | 'canceled';
  /** Set once the step has ended. */
  milliseconds?: number;
  /** When the step began, by `performance.now()`. */
  since: number;
  progress?: { done: number; failed: number; left: number };
  /** What the step is waiting for, or why it was skipped. */
  note?: string;
  failure?: Failure;
  /** Earlier steps of the run that changed data before this one failed. */
  changed?: string[];
}

/** The current run, and the outputs that the server keeps of earlier ones. */
class Runs {
  id = $state<string | null>(null);
  isStarting = $state(false);
  outcome = $state<'succeeded' | 'failed' | 'canceled' | null>(null);
  readonly steps = new SvelteMap<string, StepStatus>();
  readonly outputs = new SvelteMap<string, OutputInfo>();
  isRunning = $derived(this.id !== null || this.isStarting);
  #stop: (() => void) | undefined;

  async refresh(): Promise<void> {
    const outputs = await api.outputs();
    this.outputs.clear();
    for (const output of outputs) this.outputs.set(output.step, output);
  }

  async start(run: RunRequest): Promise<void> {
    if (this.isRunning) return;
    this.isStarting = true;
    this.outcome = null;
    this.steps.clear();
    try {
      const { id } = await api.startRun(run);
      announcer.say('The run has started.');
      this.#follow(id);
    } catch (error) {
      const mistake = error instanceof ApiError ? error.problems[0] : undefined;
      if (mistake) announcer.show(`Nothing was run. ${mistake.step ? `Step ${mistake.step}, ` : ''}${mistake.place}: ${mistake.message}`, true);
      else report(error);
    } finally {
      this.isStarting = false;
    }
  }

  /** Follows the run that was under way when the page was loaded. */
  async resume(): Promise<void> {
    const current = (await api.runs()).find((run) => run.outcome === null);
    if (current) this.#follow(current.id);
  }

  #follow(id: string): void {
    this.id = id;
    this.#stop = followRun(id, (event) => this.#apply(event), () => this.#lost());
  }

  async cancel(): Promise<void> {
    if (this.id === null) return;
    try {
      await api.cancelRun(this.id);
    } catch (error) {
      report(error);
    }
  }

  async forget(step: string): Promise<void> {
    await api.deleteOutput(step).catch(report);
    await this.refresh().catch(report);
  }

  #lost(): void {
    this.#stop?.();
    this.id = null;
    announcer.show('The connection to the server was lost. Whether the run went on is not known; reload the page to see its outputs.', true);
  }

  #apply(event: RunEvent): void {
    if (event.type === 'ended') return this.#end(event.outcome);
    const before = this.steps.get(event.step) ?? { state: 'running' as const, since: performance.now() };
    switch (event.type) {
      case 'started':
        this.steps.set(event.step, { state: 'running', since: performance.now() });
        announcer.say(`Step ${event.step} is running, ${event.position} of ${event.total}.`);
        break;
      case 'progress':
        this.steps.set(event.step, { ...before, progress: { done: event.done, failed: event.failed, left: event.left } });
        break;
      case 'waiting':
        this.steps.set(event.step, { ...before, note: event.message });
        break;
      case 'finished': {
        const { note: _, ...kept } = before;
        this.steps.set(event.step, { ...kept, state: 'succeeded', milliseconds: event.milliseconds });
        this.outputs.set(event.step, event.output);
        break;
      }
      case 'skipped':
        this.steps.set(event.step, { ...before, state: 'skipped', note: event.why });
        break;
      case 'failed':
        this.steps.set(event.step, { ...before, state: 'failed', milliseconds: event.milliseconds, failure: event.failure, changed: event.changed });
        break;
    }
  }

  #end(outcome: 'succeeded' | 'failed' | 'canceled'): void {
    this.id = null;
    this.outcome = outcome;
    for (const [step, status] of this.steps) if (status.state === 'running') this.steps.set(step, { ...status, state: 'canceled', milliseconds: performance.now() - status.since });
    const failed = [...this.steps].find(([, status]) => status.state === 'failed');
    const message = { succeeded: 'The run succeeded.', canceled: 'The run was canceled.', failed: `The run failed${failed ? ` at step ${failed[0]}` : ''}.` }[outcome];
    announcer.say(message);
    void this.refresh().catch(report);
  }
}

export const runs = new Runs();
