import type { Command } from 'commander';
import { z } from 'zod';
import type { CopyProgress } from '../../workspace/copy.ts';
import type { Garbage } from '../../workspace/gc.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { withKb } from '../kb-client.ts';
import { megabytes, table } from '../output.ts';

const restoreOptions = z.object({ check: z.boolean().default(false), yes: z.boolean().default(false) });
const gcOptions = z.object({ dryRun: z.boolean().default(false), yes: z.boolean().default(false) });

/** `ragtui backup|restore|gc`: the workspace as a whole. */
export function addWorkspace(program: Command, invocation: Invocation): void {
  handle(
    program
      .command('backup')
      .description(
        'copy the workspace into a new folder: database, datasets, tuned models, jobs (no catalogue models, no keys)',
      )
      .argument('[folder]', 'default: ragtui-backup-DATE-TIME here'),
    invocation,
    { args: z.tuple([z.string().min(1).optional()]), options: z.object({}) },
    backup,
  );
  handle(
    program
      .command('restore')
      .description('put a backup into the workspace; every file is proven before anything is changed')
      .argument('<folder>', 'a folder that "ragtui backup" made')
      .option('--check', 'only prove that the backup is whole')
      .option('--yes', 'do not ask; what is there is moved aside'),
    invocation,
    { args: z.tuple([z.string().min(1)]), options: restoreOptions },
    restore,
  );
  handle(
    program
      .command('gc')
      .description('remove what is no longer needed: old trash, stray index files, vectors no text has, old copies')
      .option('--dry-run', 'only show what would go')
      .option('--yes', 'do not ask'),
    invocation,
    { args: z.tuple([]), options: gcOptions },
    gc,
  );
}

const PHASES = { database: 'database', files: 'files', check: 'checking' } as const;
const shown =
  ({ out }: CommandContext) =>
  ({ phase, done, total }: CopyProgress) =>
    out.progress(`${PHASES[phase]}: ${megabytes(done)} of ${megabytes(total)}`);

async function backup(context: CommandContext, [named]: [(string | undefined)?]): Promise<undefined> {
  const { makeBackup } = await import('../../workspace/backup.ts');
  const { bytesOf } = await import('../../workspace/manifest.ts');
  const { out, paths, signal } = context;
  const stamp = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').replace(/\..*/, '');
  const made = await withKb(context, (kb) =>
    makeBackup(paths, kb, named ?? `ragtui-backup-${stamp}`, { signal, onProgress: shown(context) }),
  );
  out.clearProgress();
  const { folder, running, outside } = made;
  const { files } = made.backup;
  if (running.length > 0) out.note(`Still running, what they do from now on is not in it: ${running.join(', ')}.`);
  if (outside.length > 0) out.note(`Outside the workspace, named but not copied: ${outside.join(', ')}.`);
  out.result(
    { folder, files: files.length, bytes: bytesOf(files), createdAt: made.backup.createdAt, running, outside },
    () => [
      `${folder}: ${files.length} files, ${megabytes(bytesOf(files))}.`,
      'Not in it: models of the catalogue and indexes (made again), settings, keys.',
    ],
  );
}

async function restore(
  context: CommandContext,
  [folder]: [string],
  options: z.output<typeof restoreOptions>,
): Promise<undefined> {
  const { checkBackup, partsThere, restoreBackup } = await import('../../workspace/restore.ts');
  const { bytesOf, readBackup } = await import('../../workspace/manifest.ts');
  const { out, paths, signal } = context;
  const progress = { signal, onProgress: shown(context) };
  if (options.check) {
    const { createdAt, files } = await checkBackup(folder, progress);
    out.clearProgress();
    out.result(
      { folder, createdAt, files: files.length, bytes: bytesOf(files), whole: true },
      () => `${folder} is whole: ${files.length} files, ${megabytes(bytesOf(files))}, of ${createdAt}.`,
    );
    return;
  }
  readBackup(folder);
  const there = partsThere(paths);
  if (there.length > 0) {
    const parts = there.filter((name) => !name.includes('-')).join(', ');
    await confirm(context, options.yes, `${paths.home} holds a workspace (${parts}): it is moved aside.`);
  }
  const { backup: restored, aside } = await restoreBackup(paths, folder, progress);
  out.clearProgress();
  // Opening it checks its pages, too.
  const bases = await withKb(context, (kb) => kb.call('kb.list', {}));
  const models = await missingModels(
    context,
    bases.flatMap(({ embedders }) => embedders),
  );
  if (aside !== null) out.note(`What was there before: ${aside} (ragtui gc removes it after a week).`);
  if (models.length > 0) out.note(`Not on this disk: ragtui models pull ${models.join(' ')}`);
  const names = bases.map(({ name }) => name);
  out.result(
    {
      home: paths.home,
      createdAt: restored.createdAt,
      files: restored.files.length,
      bytes: bytesOf(restored.files),
      aside,
      knowledgeBases: names,
      missingModels: models,
    },
    () => `${paths.home}: restored as of ${restored.createdAt}; knowledge bases: ${names.join(', ') || 'none'}.`,
  );
}

async function missingModels({ paths }: CommandContext, ids: readonly string[]): Promise<string[]> {
  const { listModels } = await import('../../models/store.ts');
  const absent = new Set(listModels(paths).flatMap(({ entry, state }) => (state === 'present' ? [] : [entry.id])));
  return [...new Set(ids)].filter((id) => absent.has(id));
}

const NAMES: Readonly<Record<Garbage['what'], string>> = {
  'index-files': 'index files that no index names',
  documents: 'documents a week in the trash',
  comparisons: 'comparisons a week in the trash',
  vectors: 'vectors of texts that no document has',
  datasets: 'datasets a week in the trash',
  'old-copies': 'old copies of the database or workspace',
};

async function gc(context: CommandContext, _args: [], options: z.output<typeof gcOptions>): Promise<undefined> {
  const { collectGarbage } = await import('../../workspace/gc.ts');
  const { out, paths, signal } = context;
  await withKb(context, async (kb) => {
    const found = await collectGarbage(paths, kb, { dryRun: true, signal });
    const count = found.reduce((sum, one) => sum + one.count, 0);
    const size = megabytes(found.reduce((sum, one) => sum + one.bytes, 0));
    const lines = table(
      ['WHAT', 'COUNT', 'SIZE'],
      found.filter((one) => one.count > 0).map((one) => [NAMES[one.what], String(one.count), megabytes(one.bytes)]),
    );
    if (options.dryRun || count === 0) {
      out.result({ removed: false, garbage: found }, () => (count === 0 ? 'There is nothing to remove.' : lines));
      return;
    }
    if (!options.yes) for (const line of lines) out.note(line);
    await confirm(context, options.yes, `Removes ${count} things, ${size}.`);
    const removed = await collectGarbage(paths, kb, { dryRun: false, signal });
    out.result({ removed: true, garbage: removed }, () => [
      ...lines,
      'Removed. What vectors and documents took inside the database is used again by what comes next.',
    ]);
  });
}
