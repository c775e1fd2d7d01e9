import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../platform/entry.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { LoopFiles } from './types.ts';

const FILES = {
  financial: { name: 'Financial-QA-10k.csv', folder: 'financial-qa-10k' },
  cmrc: { name: 'cmrc2018_trial.json', folder: 'cmrc2018' },
} as const;

/** Where the data lies when nobody says: beside the checkout. */
const usualFolder = (): string => path.join(packageRoot(), '..', 'shared', 'data');

/** The two published files in `folder` or in their own folders below it. Throws `not-found`, saying where they are had. */
export function findLoopFiles(folder: string = usualFolder()): LoopFiles {
  const find = ({ name, folder: own }: (typeof FILES)[keyof typeof FILES]) =>
    [path.join(folder, name), path.join(folder, own, name)].find((file) => existsSync(file));
  const [financial, cmrc] = [find(FILES.financial), find(FILES.cmrc)];
  if (financial && cmrc) return { financial, cmrc };
  const missing = [...(financial ? [] : [FILES.financial.name]), ...(cmrc ? [] : [FILES.cmrc.name])];
  throw new RagtuiError(
    'not-found',
    `The loop needs ${missing.join(' and ')}, not found in ${path.resolve(folder)}.`,
    `Name a folder with both by --data DIR: ${FILES.financial.name} is published as virattt/financial-qa-10K on the Hugging Face hub, ${FILES.cmrc.name} as ymcui/cmrc2018 on GitHub.`,
  );
}
