import type { Command } from 'commander';
import type { Invocation } from '../define.ts';
import { addAugment } from './dataset/augment.ts';
import { addCheck } from './dataset/check.ts';
import { addDelete } from './dataset/delete.ts';
import { addDiff } from './dataset/diff.ts';
import { addExport } from './dataset/export.ts';
import { addFix } from './dataset/fix.ts';
import { addImport } from './dataset/import.ts';
import { addList } from './dataset/list.ts';
import { addNegatives } from './dataset/negatives.ts';
import { addPreference } from './dataset/preference.ts';
import { addPrepare } from './dataset/prepare.ts';
import { addRender } from './dataset/render.ts';
import { addShow } from './dataset/show.ts';
import { addSplit } from './dataset/split.ts';
import { addSynthesize } from './dataset/synthesize.ts';

/** One file per subcommand, in the order in which `--help` lists them. */
const SUBCOMMANDS = [
  addImport,
  addPrepare,
  addList,
  addShow,
  addDiff,
  addCheck,
  addFix,
  addSplit,
  addNegatives,
  addAugment,
  addSynthesize,
  addPreference,
  addRender,
  addExport,
  addDelete,
] as const;

/** `ragtui dataset …`. */
export function addDataset(program: Command, invocation: Invocation): void {
  const dataset = program.command('dataset').description('questions and answers to train on and to evaluate with');
  for (const add of SUBCOMMANDS) add(dataset, invocation);
}
