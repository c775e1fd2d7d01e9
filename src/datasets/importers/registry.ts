import { RagtuiError } from '../../platform/errors.ts';
import type { DatasetKind } from '../types.ts';
import { alpaca, alpacaQa } from './alpaca.ts';
import { cmrc } from './cmrc.ts';
import { financialQa } from './financial-qa.ts';
import { openai } from './openai.ts';
import { squad } from './squad.ts';
import type { Importer } from './types.ts';

export type AnyImporter = { [K in DatasetKind]: Importer<K> }[DatasetKind];

/** Every format there is; for a format that makes two kinds the first is the default. */
const IMPORTERS: readonly AnyImporter[] = [cmrc, squad, financialQa, alpaca, alpacaQa, openai];

export const importFormats = (): string[] => [...new Set(IMPORTERS.map((one) => one.format))];

/** The importer of a format. Errors: `usage` for an unknown one, or one that cannot make `kind`. */
export function findImporter(format: string, kind?: DatasetKind): AnyImporter {
  const found = IMPORTERS.filter((one) => one.format === format);
  const [first] = found;
  if (!first)
    throw new RagtuiError('usage', `There is no format "${format}".`, `There are: ${importFormats().join(', ')}.`);
  const wanted = kind === undefined ? first : found.find((one) => one.kind === kind);
  if (wanted) return wanted;
  const kinds = found.map((one) => one.kind).join(' or ');
  throw new RagtuiError('usage', `The format ${format} cannot be read as ${kind}.`, `It makes ${kinds} rows.`);
}
