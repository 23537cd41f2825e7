import { Document, Scalar, isAlias, isMap, isScalar, isSeq, parseDocument, visit, type Node, type ScalarTag, type Tags } from 'yaml';
import { isEqual, type Json, type JsonObject } from './json';
import { mergeLines } from './merge';

/** The digits of an integer, as the host reads them: text with a leading zero, such as `007`, is no number. */
const INTEGER = /^[-+]?(0|[1-9][0-9]*)$/;

const OPTIONS = {
  version: '1.2',
  intAsBigInt: true,
  prettyErrors: true,
  customTags: (tags: Tags): Tags =>
    tags.map((tag) => {
      const isInteger = typeof tag === 'object' && tag.tag === 'tag:yaml.org,2002:int' && (tag as ScalarTag).format === undefined;
      return isInteger ? { ...(tag as ScalarTag), test: INTEGER } : tag;
    }),
} as const;

/** How a file is written: long text is not folded, so that a change stays within its line. */
const FORMAT = { lineWidth: 0, flowCollectionPadding: true } as const;

export type YamlDocument = Document.Parsed | Document;

export function parse(text: string): Document.Parsed {
  return parseDocument(text, OPTIONS);
}

export function write(document: YamlDocument): string {
  return document.toString(FORMAT);
}

/** Changes a file and keeps everything else in it: comments, order, quotation marks, and the spacing of other lines. */
export function edit(text: string, change: (document: Document.Parsed) => void): string {
  const document = parse(text);
  if (document.errors.length > 0) throw new Error('The file is not valid YAML. Correct it in the text view first.');
  const before = write(document);
  change(document);
  const after = write(document);
  const merged = mergeLines(text, before, after);
  // Where the author's spacing and the change do not go together, the spacing gives way.
  if (!means(merged, after)) return after;
  return merged.endsWith('\n') ? merged : `${merged}\n`;
}

/** Whether a text is valid and has the values of another one. */
function means(text: string, other: string): boolean {
  const [document, expected] = [parse(text), parse(other)];
  return document.errors.length === 0 && isEqual(valueOf(document.contents, document), valueOf(expected.contents, expected));
}

/** The value of a node. Maps become plain objects, integers become `bigint`. */
export function valueOf(node: unknown, document: YamlDocument): Json {
  if (node === undefined || node === null) return null;
  const value: unknown = (node as Node).toJS(document as Document, { maxAliasCount: 100 });
  return value as Json;
}

/** Reads one JSON or YAML value, for the fields that take any JSON. */
export function parseValue(text: string): Json {
  const document = parse(text);
  const error = document.errors[0];
  if (error) throw new Error(messageOf(error));
  return valueOf(document.contents, document);
}

/** What is wrong with a file, in one line and without the place, which is told beside it. */
export function messageOf(error: Error): string {
  return (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}

/** A node for a value. References are quoted, as in the examples. */
export function nodeOf(document: YamlDocument, value: Json): Node {
  const node = document.createNode(value) as Node;
  visit(node, {
    Scalar(key, scalar) {
      if (key !== 'key' && typeof scalar.value === 'string' && scalar.value.startsWith('$.')) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return node;
}

/** Puts a value in place of a node. A scalar keeps its comments, and text keeps its quotation marks. */
export function replaced(document: YamlDocument, old: unknown, value: Json): Node {
  const fresh = nodeOf(document, value);
  if (!isScalar(old) || !isScalar(fresh)) {
    if (old && typeof old === 'object' && (isMap(old) || isSeq(old)) && (isMap(fresh) || isSeq(fresh))) fresh.flow = old.flow;
    return fresh;
  }
  const isText = typeof old.value === 'string' && typeof value === 'string';
  fresh.comment = old.comment;
  fresh.commentBefore = old.commentBefore;
  fresh.spaceBefore = old.spaceBefore;
  if (isText && old.type !== Scalar.PLAIN) fresh.type = old.type;
  return fresh;
}

export function isYamlObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export { isAlias, isMap, isScalar, isSeq };
