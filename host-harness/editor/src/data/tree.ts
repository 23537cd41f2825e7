import { api } from '../api/client';
import type { OutputChild } from '../api/types';
import { childPath, stepPath } from '../references/path';
import { schemaChildren, schemaPaths, type SchemaNode } from '../schema/output';
import type { Schema } from '../schema/model';

/** One line of a tree of values. */
export interface TreeItem {
  /** The reference that it stands for. */
  path: string;
  label: string;
  preview: string;
  type: string;
  help: string;
  hasChildren: boolean;
}

/** A tree whose lines are loaded when they are unfolded. */
export interface TreeSource {
  root: TreeItem;
  /** Whether the values exist, as opposed to what a schema promises. */
  hasValues: boolean;
  children(item: TreeItem, offset: number, filter: string): Promise<{ items: TreeItem[]; total: number }>;
  /** Where the server keeps the value of an item. */
  locate(item: TreeItem): { step: string; path: string } | undefined;
}

/** The lines that are loaded at once. */
export const PAGE = 100;
/** How deep the filter looks into a schema. */
const SEARCH_DEPTH = 3;

/** The tree of a kept output. `base` is where it begins within the output, and `as` is the reference that stands for that place. */
export function outputSource(step: string, label: string, base = '$', as = stepPath(step)): TreeSource {
  const locate = (item: TreeItem): { step: string; path: string } => ({ step, path: base + item.path.slice(as.length) });
  return {
    root: { path: as, label, preview: '', type: '', help: '', hasChildren: true },
    hasValues: true,
    locate,
    async children(item, offset, filter) {
      const node = await api.outputNode(step, locate(item).path, offset, PAGE, filter);
      return { items: node.children.map((child) => itemOf(child, item.path)), total: node.total };
    },
  };
}

function itemOf(child: OutputChild, parent: string): TreeItem {
  const isContainer = child.type === 'object' || child.type === 'array';
  return {
    path: childPath(parent, child.key),
    label: typeof child.key === 'number' ? `[${child.key}]` : child.key,
    preview: previewOf(child),
    type: child.type === 'array' ? 'list' : child.type,
    help: '',
    hasChildren: isContainer && child.size !== 0,
  };
}

function previewOf(child: OutputChild): string {
  if (child.type === 'array' || (child.type === 'object' && child.preview === '')) return sizeText(child);
  // The server leaves out the quotation marks; they tell "" from nothing, and "1" from 1.
  return child.type === 'string' ? `"${child.preview}"` : child.preview;
}

function sizeText(child: OutputChild): string {
  const size = child.size ?? 0;
  const noun = child.type === 'array' ? 'item' : 'field';
  return `${size.toLocaleString('en')} ${noun}${size === 1 ? '' : 's'}`;
}

/** The tree that a schema describes. */
export function schemaSource(node: SchemaNode, root: Schema): TreeSource {
  const nodes = new Map([[node.path, node]]);
  const toItem = (child: SchemaNode): TreeItem => {
    nodes.set(child.path, child);
    return { path: child.path, label: child.label, preview: child.title, type: child.type, help: child.help, hasChildren: child.hasChildren };
  };
  return {
    root: { ...toItem(node), preview: '' },
    hasValues: false,
    locate: () => undefined,
    children(item, offset, filter) {
      const parent = nodes.get(item.path);
      const children = parent ? schemaChildren(parent, root) : [];
      const words = filter.toLowerCase();
      const matches = (child: SchemaNode): boolean => `${child.label}\n${child.title}`.toLowerCase().includes(words);
      const found = words === '' ? children : children.filter((child) => schemaPaths(child, root, SEARCH_DEPTH).some(matches));
      return Promise.resolve({ items: found.slice(offset, offset + PAGE).map(toItem), total: found.length });
    },
  };
}
