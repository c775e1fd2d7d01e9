import type { Command } from 'commander';
import { z } from 'zod';
import type { KbClient } from '../../kb/protocol.ts';
import type { DocumentSummary, KnowledgeBase } from '../../kb/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { withKb } from '../kb-client.ts';
import { createKb } from '../make-kb.ts';
import { table } from '../output.ts';
import { addKbIndex, indexLines, serverNote } from './kb-index.ts';
import { addKbServer } from './kb-server.ts';
import { addKbShadow } from './kb-shadow.ts';

const name = z.tuple([z.string().min(1)]);
const noOptions = z.object({});
const yesOption = z.object({ yes: z.boolean().default(false) });
const whole = z.coerce.number('a whole number').int('a whole number').nonnegative();

const createOptions = z.object({
  group: z.array(z.string()).default([]),
  embedder: z.array(z.string()).default([]),
  language: z.enum(['en', 'zh'], 'en or zh').default('en'),
  fromDataset: z.string().min(1).optional(),
  split: z.string().min(1).optional(),
  pull: z.boolean().default(true),
});
const documentsOptions = z.object({
  filter: z.string().default(''),
  state: z.enum(['all', 'live', 'failed'], 'all, live or failed').default('all'),
  offset: whole.default(0),
  limit: whole.min(1).max(1000).default(100),
});

/** `ragtui kb create|list|show|delete|verify|reindex|documents|remove|restore|shadow|switch|rollback|index|server`. */
export function addKb(program: Command, invocation: Invocation): void {
  const kb = program.command('kb').description('knowledge bases and their documents');
  const plain = { args: name, options: noOptions };

  handle(
    kb
      .command('create')
      .description('make an empty knowledge base (ingest makes one too)')
      .argument('<name>')
      .option(
        '--group <spec>',
        'how to split: line, sentence[:CHARS], token[:SIZE[:OVERLAP]], markdown[:CHARS]; repeatable',
        collect,
      )
      .option('--embedder <id>', 'repeatable; the first is the active one', collect)
      .option('--language <en|zh>', 'chooses the embedder when none is named (default: en)')
      .option('--from-dataset <name>', 'fill it with the contexts of a dataset, one document each')
      .option('--split <part>', 'with --from-dataset: only this part, e.g. test')
      .option('--no-pull', 'with --from-dataset: do not fetch a missing default model'),
    invocation,
    { args: name, options: createOptions },
    create,
  );
  handle(
    kb.command('list').description('all knowledge bases'),
    invocation,
    { args: z.tuple([]), options: noOptions },
    list,
  );
  handle(kb.command('show').description('one knowledge base').argument('<name>'), invocation, plain, show);
  handle(
    kb
      .command('delete')
      .description('delete a knowledge base with its documents')
      .argument('<name>')
      .option('--yes', 'do not ask'),
    invocation,
    { args: name, options: yesOption },
    remove,
  );
  handle(
    kb.command('verify').description('prove that indexes and database agree; repairs what does not').argument('[name]'),
    invocation,
    { args: z.tuple([z.string().optional()]), options: noOptions },
    verify,
  );
  handle(
    kb.command('reindex').description('build the indexes anew from the database').argument('<name>'),
    invocation,
    plain,
    reindex,
  );
  handle(
    kb
      .command('documents')
      .description('the documents of a knowledge base')
      .argument('<name>')
      .option('--filter <text>', 'part of the name or title')
      .option('--state <state>', 'all, live or failed')
      .option('--offset <n>', 'skip so many')
      .option('--limit <n>', 'show so many (default: 100)'),
    invocation,
    { args: name, options: documentsOptions },
    documents,
  );
  handle(
    kb
      .command('remove')
      .description('remove one document (it stays in the trash for 7 days)')
      .argument('<name>')
      .argument('<document>', 'its number or its name')
      .option('--yes', 'do not ask'),
    invocation,
    { args: z.tuple([z.string().min(1), z.string().min(1)]), options: yesOption },
    removeDocument,
  );
  handle(
    kb
      .command('restore')
      .description('bring back a document that was removed less than 7 days ago')
      .argument('<name>')
      .argument('<document>', 'its number or its name'),
    invocation,
    { args: z.tuple([z.string().min(1), z.string().min(1)]), options: noOptions },
    restoreDocument,
  );
  addKbShadow(kb, invocation);
  addKbIndex(kb, invocation);
  addKbServer(kb, invocation);
  handle(
    kb
      .command('switch')
      .description('search with another embedder')
      .argument('<name>')
      .requiredOption('--embedder <id>'),
    invocation,
    { args: name, options: z.object({ embedder: z.string() }) },
    (context, [kbName], { embedder }) =>
      change(context, (client) => client.call('kb.switch', { kb: kbName, embedder })),
  );
  handle(
    kb.command('rollback').description('back to the embedder before the last switch').argument('<name>'),
    invocation,
    plain,
    (context, [kbName]) => change(context, (client) => client.call('kb.rollback', { kb: kbName })),
  );
}

async function create(
  context: CommandContext,
  [kbName]: [string],
  options: z.output<typeof createOptions>,
): Promise<number> {
  const { fromDataset, split, pull, ...wish } = options;
  if (fromDataset === undefined) {
    if (split !== undefined) throw new RagtuiError('usage', '--split needs --from-dataset.', 'Name the dataset too.');
    const made = await withKb(context, (kb) => createKb(context, kb, { name: kbName, ...wish }));
    context.out.result({ kb: made }, () => [`Made ${made.name}.`, ...kbLines(made)]);
    return EXIT.done;
  }
  const { kbFromDataset } = await import('../kb-from-dataset.ts');
  const { group, embedder } = wish;
  return kbFromDataset(context, { dataset: fromDataset, split, kb: kbName, group, embedder, pull });
}

async function list(context: CommandContext): Promise<undefined> {
  const all = await withKb(context, (kb) => kb.call('kb.list', {}));
  context.out.result({ kbs: all }, () =>
    all.length === 0
      ? 'No knowledge base yet. Make one of a folder: ragtui ingest FOLDER --kb NAME'
      : table(
          ['NAME', 'DOCUMENTS', 'FAILED', 'CHUNKS', 'GROUPS', 'EMBEDDERS', 'SERVER', 'NOW'],
          all.map((kb) => [
            kb.name,
            String(kb.documents),
            String(kb.failed),
            String(kb.chunks),
            kb.groups.map((group) => group.name).join(' '),
            kb.embedders.join(' '),
            serverNote(kb),
            kb.ingesting ? `ingesting (${kb.ingesting})` : '',
          ]),
        ),
  );
}

async function show(context: CommandContext, [kbName]: [string]): Promise<undefined> {
  const kb = await withKb(context, (client) => client.call('kb.show', { kb: kbName }));
  context.out.result({ kb }, () => kbLines(kb));
}

function kbLines(kb: KnowledgeBase): string[] {
  return [
    `name       ${kb.name}`,
    `created    ${kb.createdAt}`,
    `documents  ${kb.documents}${kb.failed > 0 ? ` (${kb.failed} failed)` : ''}`,
    `chunks     ${kb.chunks}`,
    `groups     ${kb.groups.map(({ name: group, ...rest }) => `${group} ${JSON.stringify(rest)}`).join(', ')}`,
    `embedders  ${kb.embedders.join(', ') || 'none'}${kb.previous === null ? '' : ` (before the last switch: ${kb.previous})`}`,
    ...kb.sources.map((source) => `source     ${source}`),
    ...(kb.ingesting ? [`ingesting  ${kb.ingesting}`] : []),
    ...(kb.server === undefined ? [] : [`server     ${kb.server}`]),
    ...indexLines(kb),
  ];
}

async function remove(context: CommandContext, [kbName]: [string], options: { yes: boolean }): Promise<undefined> {
  await withKb(context, async (client) => {
    const kb = await client.call('kb.show', { kb: kbName });
    await confirm(context, options.yes, `Deletes the knowledge base ${kb.name} with its ${kb.documents} documents.`);
    await client.call('kb.delete', { kb: kbName });
  });
  context.out.result({ deleted: kbName }, () => `Deleted ${kbName}.`);
}

async function verify(context: CommandContext, [kbName]: readonly (string | undefined)[]): Promise<number> {
  const { ok, checks } = await withKb(context, (client) =>
    client.call('kb.verify', kbName === undefined ? {} : { kb: kbName }, { signal: context.signal }),
  );
  context.out.result({ ok, checks }, () => [
    ...table(
      ['CHECK', 'RESULT', 'DETAIL'],
      checks.map((check) => [check.name, check.repaired ? 'repaired' : check.ok ? 'ok' : 'WRONG', check.detail]),
    ),
    ok ? 'Indexes and database agree.' : 'Indexes and database do not agree.',
  ]);
  return ok ? EXIT.done : EXIT.gateSaysNo;
}

async function reindex(context: CommandContext, [kbName]: [string]): Promise<undefined> {
  return change(context, (client) => client.call('kb.reindex', { kb: kbName }, { signal: context.signal }));
}

async function documents(
  context: CommandContext,
  [kbName]: [string],
  options: z.output<typeof documentsOptions>,
): Promise<undefined> {
  const page = await withKb(context, (client) => client.call('kb.documents', { kb: kbName, ...options }));
  context.out.result(page, () => [
    ...table(
      ['ID', 'STATE', 'CHUNKS', 'CHARACTERS', 'NAME', 'TITLE'],
      page.documents.map((one) => [
        String(one.id),
        one.state,
        String(one.chunks),
        String(one.characters),
        one.name,
        one.error ?? one.title,
      ]),
    ),
    `${page.documents.length} of ${page.total}`,
  ]);
}

async function removeDocument(
  context: CommandContext,
  [kbName, which]: [string, string],
  options: { yes: boolean },
): Promise<undefined> {
  const gone = await withKb(context, async (client) => {
    const document = await findDocument(client, kbName, which);
    await confirm(context, options.yes, `Removes ${document.name} from ${kbName}; it stays in the trash for 7 days.`);
    await client.call('kb.remove', { kb: kbName, id: document.id });
    return document;
  });
  context.out.result({ removed: { id: gone.id, name: gone.name } }, () => `Removed ${gone.name}.`);
}

async function restoreDocument(context: CommandContext, [kbName, which]: [string, string]): Promise<undefined> {
  const back = await withKb(context, async (client) => {
    const document = await findDocument(client, kbName, which);
    await client.call('kb.restore', { kb: kbName, id: document.id });
    return document;
  });
  context.out.result({ restored: { id: back.id, name: back.name } }, () => `Brought back ${back.name}.`);
}

async function findDocument(client: KbClient, kbName: string, which: string): Promise<DocumentSummary> {
  const filter = /^\d+$/.test(which) ? '' : which;
  const page = await client.call('kb.documents', { kb: kbName, filter, limit: 1000 });
  return oneOf(page.documents, which) ?? (await byNumber(client, kbName, which));
}

function oneOf(found: readonly DocumentSummary[], which: string): DocumentSummary | undefined {
  const exact = found.find((one) => String(one.id) === which || one.name === which);
  if (exact) return exact;
  if (/^\d+$/.test(which)) return undefined;
  const [only] = found;
  if (only && found.length === 1) return only;
  if (found.length === 0)
    throw new RagtuiError('not-found', `No document is called "${which}".`, 'See "ragtui kb documents NAME".');
  throw new RagtuiError(
    'usage',
    `${found.length} documents match "${which}".`,
    'Give its number: see "ragtui kb documents NAME --filter TEXT".',
  );
}

async function byNumber(client: KbClient, kbName: string, which: string): Promise<DocumentSummary> {
  return client.call('kb.document', { kb: kbName, id: Number(which) });
}

async function change(context: CommandContext, call: (client: KbClient) => Promise<KnowledgeBase>): Promise<undefined> {
  const kb = await withKb(context, call);
  context.out.result({ kb }, () => kbLines(kb));
}
