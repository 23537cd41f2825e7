import { parseJson, writeJson } from '../workflow/json';
import type {
  Auth, Connector, Failure, Invoked, Operation, OutputInfo, OutputNode, OutputTable, Problem, Resolved, RunEvent, RunRequest, Summary, User, WorkflowFile,
} from './types';

/** A request that the server refused, or a failure of the connector. */
export class ApiError extends Error {
  readonly status: number;
  readonly failure: Failure | undefined;
  readonly fields: { field: string; message: string }[];
  /** The mistakes in a workflow that was to run. */
  readonly problems: Problem[];

  constructor(status: number, message: string, failure?: Failure, fields: { field: string; message: string }[] = [], problems: Problem[] = []) {
    super(message);
    this.problems = problems;
    this.status = status;
    this.failure = failure;
    this.fields = fields;
  }
}

async function request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
  const options: RequestInit = { method, credentials: 'same-origin' };
  if (body !== undefined) {
    options.headers = { 'Content-Type': 'application/json' };
    options.body = writeJson(body);
  }
  if (signal) options.signal = signal;
  let response: Response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server does not answer. Check that host-harness serve is still running.');
  }
  const text = await response.text();
  let answer: unknown = null;
  try {
    answer = text === '' ? null : parseJson(text);
  } catch {
    throw new ApiError(response.status, `The server sent no JSON (status ${response.status}).`);
  }
  if (response.ok) return answer;
  const problem = (answer ?? {}) as { error?: string; failure?: Failure; fields?: { field: string; message: string }[]; problems?: Problem[] };
  const message = problem.failure?.message ?? problem.error ?? `The server refused the request (status ${response.status}).`;
  throw new ApiError(response.status, message, problem.failure, problem.fields ?? [], problem.problems ?? []);
}

const at = (...parts: string[]): string => ['/api', ...parts.map(encodeURIComponent)].join('/');
const query = (values: Record<string, string | number | undefined>): string => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}`;
};

export const api = {
  connector: () => request('GET', '/api/connector') as Promise<Connector>,
  operations: () => request('GET', '/api/operations') as Promise<Summary[]>,
  operation: (name: string) => request('GET', at('operations', name)) as Promise<Operation>,

  auths: () => request('GET', '/api/auths') as Promise<Auth[]>,
  putAuth: (name: string, values: Record<string, unknown>) => request('PUT', at('auths', name), { values }) as Promise<Auth>,
  deleteAuth: (name: string) => request('DELETE', at('auths', name)),
  checkAuth: (name: string) => request('POST', at('auths', name, 'check')) as Promise<{ user: User }>,
  startOauth: (name: string) => request('POST', at('auths', name, 'oauth')) as Promise<{ authorize_url: string }>,

  invoke: (auth: string, operation: string, input: unknown, signal?: AbortSignal) =>
    request('POST', '/api/invoke', { auth, operation, input }, signal) as Promise<Invoked>,

  workflow: (path?: string) => request('GET', '/api/workflow' + query({ path })) as Promise<WorkflowFile>,
  save: (path: string | null, text: string, version: string | null) =>
    request('PUT', '/api/workflow', { ...(path === null ? {} : { path }), text, version }) as Promise<{ version: string; path?: string }>,
  check: (text: string, signal?: AbortSignal) => request('POST', '/api/check', { text }, signal) as Promise<{ problems: Problem[]; steps: string[] }>,
  resolve: (text: string, step: string, references: string[], inputs: Record<string, unknown>, signal?: AbortSignal) =>
    request('POST', '/api/resolve', { text, step, references, inputs }, signal) as Promise<Resolved[]>,

  startRun: (run: RunRequest) => request('POST', '/api/runs', run) as Promise<{ id: string }>,
  runs: () => request('GET', '/api/runs') as Promise<{ id: string; outcome: string | null }[]>,
  cancelRun: (id: string) => request('DELETE', at('runs', id)),

  outputs: () => request('GET', '/api/outputs') as Promise<OutputInfo[]>,
  deleteOutput: (step: string) => request('DELETE', at('outputs', step)),
  outputNode: (step: string, path: string, offset: number, limit: number, filter: string, signal?: AbortSignal) =>
    request('GET', at('outputs', step, 'node') + query({ path, offset, limit, filter }), undefined, signal) as Promise<OutputNode>,
  outputTable: (step: string, path: string, offset: number, limit: number) =>
    request('GET', at('outputs', step, 'table') + query({ path, offset, limit })) as Promise<OutputTable>,
  rawUrl: (step: string, path: string, inline: boolean) => at('outputs', step, 'raw') + query({ path }) + (inline ? '&inline' : ''),
};

const EVENTS = ['started', 'progress', 'waiting', 'finished', 'skipped', 'failed', 'ended'] as const;

/** Follows a run. The server sends every event from the first on, also after a lost connection. Returns a function that stops. */
export function followRun(id: string, onEvent: (event: RunEvent) => void, onLost: () => void): () => void {
  const source = new EventSource(at('runs', id, 'events'));
  for (const type of EVENTS) {
    source.addEventListener(type, (message) => {
      onEvent({ type, ...(parseJson((message as MessageEvent<string>).data) as object) } as RunEvent);
      if (type === 'ended') source.close();
    });
  }
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) onLost();
  });
  return () => source.close();
}
