import { auths } from '../../state/auths.svelte';
import { editor } from '../../state/editor.svelte';
import { layout } from '../../state/layout.svelte';
import { runInputs } from '../../state/run-inputs.svelte';
import { runs } from '../../state/runs.svelte';

/** Which steps to run: one, all up to one, or all. */
export type Range = { only: string } | { until: string } | Record<string, never>;

/** Runs steps. A workflow with inputs asks for them first. */
export function run(range: Range): void {
  if (runs.isRunning) return;
  if (Object.keys(editor.workflow.inputs).length > 0) runInputs.ask((inputs) => start(range, inputs));
  else start(range);
}

function start(range: Range, inputs?: Record<string, unknown>): void {
  layout.tab = 'output';
  const auth = auths.chosen === '' ? {} : { auth: auths.chosen };
  void runs.start({ text: editor.text, ...range, ...auth, ...(inputs ? { inputs } : {}) });
}
