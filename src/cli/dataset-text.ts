import { lineageChain } from '../datasets/lineage.ts';
import type { DatasetManifest, DatasetRow, Split } from '../datasets/types.ts';
import { megabytes } from './output.ts';

/** A dataset as scripts see it. */
export function datasetJson(manifest: DatasetManifest) {
  const { name, version, kind, rows, questions, contexts, incomplete, bytes, sha256, splits, lineage } = manifest;
  return { name, version, kind, rows, questions, contexts, incomplete, bytes, sha256, splits, lineage };
}

export function datasetLines(manifest: DatasetManifest): string[] {
  return [
    `name       ${manifest.name}`,
    `version    ${manifest.version}`,
    `kind       ${manifest.kind}`,
    `rows       ${manifest.rows}${manifest.incomplete > 0 ? ` (${manifest.incomplete} incomplete: kept, never exported)` : ''}`,
    `questions  ${manifest.questions}`,
    ...(manifest.kind === 'sft' ? [] : [`contexts   ${manifest.contexts}`]),
    `size       ${megabytes(manifest.bytes)}`,
    ...manifest.splits.map((split) => `split      ${splitLine(split)}`),
    ...chainLines(manifest),
  ];
}

function chainLines(manifest: DatasetManifest): string[] {
  const links = lineageChain(manifest);
  return links.map(({ what, details, inner }, at) => {
    const label = at === 0 ? 'from' : at === links.length - 1 ? 'to' : '';
    return `${label.padEnd(10)} ${at === 0 ? '' : inner ? '  ' : '→ '}${what} (${details.join(', ')})`;
  });
}

/** `tutorial (seed 1314): test 700, train 6300; 42 of the 700 test rows share their exact context with a train row`. */
export function splitLine(split: Split): string {
  const parts = split.parts.map((part) => `${part.name} ${part.rows}`).join(', ');
  const hasTrain = split.parts.some((part) => part.name === 'train');
  const leaks = split.parts
    .filter((part) => hasTrain && part.name !== 'train')
    .map((part) =>
      part.sharedWithTrain === 0
        ? `no ${part.name} row shares its context with train`
        : `${part.sharedWithTrain} of the ${part.rows} ${part.name} rows share their exact context with a train row`,
    );
  const how = split.method === 'files' ? 'as the files name them' : `seed ${split.seed}`;
  return [`${split.name} (${how}): ${parts}`, ...leaks].join('; ');
}

export function rowLines(number: number, row: DatasetRow): string[] {
  if ('question' in row) {
    return [
      `row ${number}  ${row.id}`,
      `question  ${row.question}`,
      ...row.answers.map((answer) => `answer    ${answer}`),
      `context   ${row.context}`,
      `contextId ${row.contextId}`,
      ...Object.entries(row.metadata).map(([key, value]) => `${key}: ${value}`),
    ];
  }
  return [`row ${number}`, JSON.stringify(row, null, 2)];
}
