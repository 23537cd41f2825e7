export type Pane = 'steps' | 'step' | 'data';

/** Which parts of the page are shown. */
class Layout {
  /** The pane that a narrow screen shows. */
  pane = $state<Pane>('steps');
  /** The tab of the data panel. */
  tab = $state<'earlier' | 'output'>('output');
  /** Whether the middle shows the form of a step, the workflow's own settings, or the file. */
  view = $state<'form' | 'workflow' | 'text'>('form');
}

export const layout = new Layout();
