import { history, historyKeymap, indentWithTab, standardKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export interface CodeView {
  setText(text: string): void;
  /** Scrolls to a line, from 1, and puts the cursor there. */
  showLine(line: number): void;
  destroy(): void;
}

interface Options {
  parent: HTMLElement;
  label: string;
  language: 'json' | 'yaml';
  text: string;
  isPage: boolean;
  onchange: (text: string) => void;
}

const highlighting = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent-text)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--warn)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--muted)', fontStyle: 'italic' },
]);

const theme = EditorView.theme({
  '&': { height: '100%', fontSize: '0.8125rem', backgroundColor: 'transparent', color: 'var(--text)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--muted)', border: 'none', paddingLeft: '8px' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)' },
  '&.cm-focused': { outline: 'none' },
});

/** An editor of YAML or JSON. Escape and then Tab leaves it, as the label says. */
export function codeView(options: Options): CodeView {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';
  let isOurs = false;
  const extensions: Extension[] = [
    EditorView.cspNonce.of(nonce),
    history(),
    indentUnit.of('  '),
    // Tab moves the focus on, so that nobody is caught in a field of a form.
    keymap.of([...standardKeymap, ...historyKeymap, ...(options.isPage ? [indentWithTab] : [])]),
    options.language === 'json' ? json() : yaml(),
    syntaxHighlighting(highlighting),
    theme,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': options.isPage ? `${options.label} (Escape, then Tab, leaves the editor)` : options.label, spellcheck: 'false' }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged && !isOurs) options.onchange(update.state.doc.toString());
    }),
    // Where text replaces a selection, Chromium keeps the look of the old text by a style attribute, which the page's policy forbids.
    EditorView.domEventHandlers({
      beforeinput(event, current) {
        const isReplacement = event.inputType === 'insertText' && event.data !== null && !current.state.selection.main.empty;
        if (isReplacement) current.dispatch(current.state.replaceSelection(event.data ?? ''), { userEvent: 'input.type' });
        return isReplacement;
      },
    }),
    ...(options.isPage ? [lineNumbers(), highlightActiveLine(), highlightActiveLineGutter()] : []),
  ];
  const view = new EditorView({ parent: options.parent, state: EditorState.create({ doc: options.text, extensions }) });
  return {
    setText(text) {
      const current = view.state.doc.toString();
      if (text === current) return;
      isOurs = true;
      view.dispatch({ changes: changeBetween(current, text) });
      isOurs = false;
    },
    showLine(line) {
      const { from } = view.state.doc.line(Math.min(line, view.state.doc.lines));
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'start', yMargin: 24 }) });
    },
    destroy: () => view.destroy(),
  };
}

/** The smallest single change, so that the cursor stays where it is. */
function changeBetween(before: string, after: string): { from: number; to: number; insert: string } {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let [to, end] = [before.length, after.length];
  while (to > start && end > start && before[to - 1] === after[end - 1]) {
    to -= 1;
    end -= 1;
  }
  return { from: start, to, insert: after.slice(start, end) };
}
