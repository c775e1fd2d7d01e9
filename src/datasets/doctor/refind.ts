import type { AnyDataset } from '../open.ts';
import type { DatasetRow } from '../types.ts';
import { RULES } from './registry.ts';
import { RowIndex } from './row-index.ts';
import { viewOf } from './row-view.ts';
import type { RuleContext } from './rule.ts';
import { traitsOf } from './traits.ts';
import type { Fix } from './types.ts';

const contexts = new WeakMap<AnyDataset, RuleContext>();

/** What a rule that looks at one row at a time would set at a path of this row; undefined when nothing (more). */
export function refind(
  dataset: AnyDataset,
  rule: string,
  { number, row }: { number: number; row: DatasetRow },
  path: string,
): Extract<Fix, { kind: 'set' }> | undefined {
  const found = RULES.find(({ id }) => id === rule);
  if (!found) return undefined;
  const context = contexts.get(dataset) ?? {
    dataset,
    traits: traitsOf(dataset),
    index: new RowIndex(0),
    near: nothingNear,
  };
  contexts.set(dataset, context);
  for (const { fix } of found.start(context).row?.({ number, row, view: viewOf(row) }) ?? []) {
    if (fix?.kind === 'set' && fix.path === path) return fix;
  }
  return undefined;
}

const nothingNear: RuleContext['near'] = () => ({ groupOf: (context) => context, twinOf: () => undefined });
