import { RagtuiError } from '../../platform/errors.ts';
import type { ContainerType, JsonObject } from '../records/types.ts';
import type { DatasetKind } from '../types.ts';
import { alpaca, alpacaQa } from './alpaca.ts';
import { cmrc } from './cmrc.ts';
import { financialQa } from './financial-qa.ts';
import { openai } from './openai.ts';
import { ownImporters } from './own.ts';
import { preference } from './preference.ts';
import { retrieval } from './retrieval.ts';
import { sharegpt } from './sharegpt.ts';
import { squad } from './squad.ts';
import { TABLE_FORMAT } from './table.ts';
import type { Importer } from './types.ts';

export type AnyImporter = { [K in DatasetKind]: Importer<K> }[DatasetKind];

/**
 * Every format there is, the more particular before the more general: content is tried in this order. For a format that
 * makes two kinds the first is the default.
 */
const IMPORTERS: readonly AnyImporter[] = [
  ...ownImporters,
  squad,
  cmrc,
  preference,
  openai,
  sharegpt,
  retrieval,
  financialQa,
  alpaca,
  alpacaQa,
];

/** Names of containers as formats: any table of that type, by a column map. */
const TABLES: readonly ContainerType[] = ['csv', 'tsv', 'json', 'jsonl', 'parquet'];

export const importFormats = (): string[] => [...new Set(IMPORTERS.map((one) => one.format))];

/** Every word that `--format` takes. */
export const formatWords = (): string[] => [...importFormats(), TABLE_FORMAT, ...TABLES];

/** Whether a format is "any table", and of which type if the word says so. */
export function tableFormat(format: string): { container: ContainerType | undefined } | undefined {
  if (format === TABLE_FORMAT) return { container: undefined };
  const container = TABLES.find((one) => one === format);
  return container && { container };
}

/** The importer of a format. Errors: `usage` for an unknown one, or one that cannot make `kind`. */
export function findImporter(format: string, kind?: DatasetKind): AnyImporter {
  const found = IMPORTERS.filter((one) => one.format === format);
  const [first] = found;
  if (!first)
    throw new RagtuiError('usage', `There is no format "${format}".`, `There are: ${formatWords().join(', ')}.`);
  const wanted = kind === undefined ? first : found.find((one) => one.kind === kind);
  if (wanted) return wanted;
  const kinds = found.map((one) => one.kind).join(' or ');
  throw new RagtuiError('usage', `The format ${format} cannot be read as ${kind}.`, `It makes ${kinds} rows.`);
}

/** The importer that most of the records look like, if that is more than half of them. */
export function matchingImporter(records: readonly JsonObject[], kind?: DatasetKind): AnyImporter | undefined {
  const wanted = IMPORTERS.filter((one) => kind === undefined || one.kind === kind);
  return wanted.find((one) => records.filter((record) => one.matches(record)).length * 2 > records.length);
}
