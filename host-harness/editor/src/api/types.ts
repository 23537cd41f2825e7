import type { Effect, Schema } from '../schema/model';

/** The shapes of the server's API (docs/serve.md). */

export type Stability = 'stable' | 'beta' | 'alpha' | 'deprecated';

export interface Connector {
  name: string;
  title: string;
  version: string;
  description: string;
  documentation_url: string;
  catalog_digest: string;
  auth_schema: Schema;
  practice: boolean;
  redirect_url: string;
  has_triggers: boolean;
}

export interface Summary {
  name: string;
  title: string;
  group: string;
  description: string;
  effect: Effect;
  stability: Stability;
  idempotent: boolean;
}

export interface Operation extends Summary {
  input_schema: Schema;
  output_schema: Schema;
  media_types: string[];
}

export interface Auth {
  name: string;
  values: Record<string, unknown>;
  /** The names of the secret fields that are set. Their values never come back. */
  secrets: string[];
  user: User | null;
  origin: 'practice' | 'file' | 'page';
}

export interface User {
  id?: unknown;
  display_name?: unknown;
  email?: unknown;
  is_disabled?: unknown;
}

export interface FailureField {
  field?: string | null;
  code?: string;
  message: string;
}

export interface Failure {
  kind: 'retryable' | 'permanent';
  reason: string;
  message: string;
  status?: number | null;
  retry_after_ms?: number | null;
  request_sent: boolean;
  fields: FailureField[];
  documentation_url?: string | null;
  causes?: string[];
  advice?: string;
}

export interface Problem {
  line: number;
  column?: number | null;
  step?: string | null;
  place: string;
  message: string;
}

export interface WorkflowFile {
  path: string | null;
  text: string;
  /** `null` if there is no such file yet. */
  version: string | null;
}

export interface Resolved {
  reference: string;
  value?: unknown;
  truncated?: boolean;
  error?: string | null;
}

export interface Invoked {
  kind: 'json' | 'text' | 'file' | 'nothing';
  json?: unknown;
  text?: string;
  next?: unknown;
}

export interface OutputInfo {
  step: string;
  operation: string;
  kind: 'json' | 'text' | 'file' | 'nothing';
  media_type?: string | null;
  name?: string | null;
  bytes: number;
  has_next: boolean;
  finished_at: string;
  pinned: boolean;
}

export type NodeType = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export interface OutputChild {
  key: string | number;
  path: string;
  type: NodeType;
  size?: number | null;
  preview: string;
}

export interface OutputNode {
  path: string;
  type: NodeType;
  size?: number | null;
  total: number;
  children: OutputChild[];
  value?: unknown;
  truncated?: boolean;
}

export interface OutputTable {
  columns: string[];
  rows: unknown[][];
  total: number;
}

export interface RunRequest {
  text: string;
  only?: string;
  until?: string;
  inputs?: Record<string, unknown>;
  auth?: string;
}

export type RunEvent =
  | { type: 'started'; step: string; operation: string; position: number; total: number }
  | { type: 'progress'; step: string; done: number; failed: number; left: number }
  | { type: 'waiting'; step: string; seconds: number; message: string }
  | { type: 'finished'; step: string; milliseconds: number; output: OutputInfo }
  | { type: 'skipped'; step: string; why: string }
  | { type: 'failed'; step: string; milliseconds: number; failure: Failure; changed: string[] }
  | { type: 'ended'; outcome: 'succeeded' | 'failed' | 'canceled' };
