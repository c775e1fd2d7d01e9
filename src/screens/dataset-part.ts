import { partsOf, rowsOf } from '../../stores/datasets.ts';
import type { DatasetManifest } from '../datasets/types.ts';
import { t } from '../ui/i18n/index.ts';
import type { ScreenContext } from './context.ts';

export interface PartWish {
  readonly title: string;
  /** Undefined while no dataset is chosen. */
  readonly manifest: DatasetManifest | undefined;
  readonly selected: string;
  /** Said when there is no dataset to choose a part of. */
  readonly missing: string;
  readonly pick: (part: string) => void;
}

/** Asks which part of a dataset is meant: all rows, or one of its splits. */
export function choosePart({ ui }: ScreenContext, { title, manifest, selected, missing, pick }: PartWish): void {
  if (!manifest) {
    ui.getState().toast(missing, 'warn');
    return;
  }
  const choices = partsOf(manifest).map((id) => ({
    id,
    title: id === 'all' ? t('datasets.allRows') : id,
    note: t('datasets.rowCount', { count: rowsOf(manifest, id) }),
  }));
  ui.getState().choose({ title, choices, selected, pick });
}
