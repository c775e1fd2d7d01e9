import type { Command } from 'commander';
import { z } from 'zod';
import type { ModelStatus } from '../../models/types.ts';
import type { VerifyReport } from '../../models/verify.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import {
  endpointLines,
  endpointView,
  knownServers,
  serverLines,
  shownKey,
  shownLimits,
  shownPrices,
} from '../endpoint-view.ts';
import { EXIT } from '../exit-codes.ts';
import { pullOne } from '../need-models.ts';
import { megabytes, table } from '../output.ts';
import { addModelsAdd } from './models-add.ts';
import { addModelsEndpoint } from './models-endpoint.ts';
import { addModelsExport } from './models-export.ts';

/** `ragtui models list|show|pull|verify|remove|add|export|set|key|check|presets`. */
export function addModels(program: Command, invocation: Invocation): void {
  const models = program.command('models').description('embedders, chat models, rerankers and endpoints');
  const ids = z.tuple([z.array(z.string())]);
  const noOptions = z.object({});

  handle(
    models.command('list').description('what can be had and what is here'),
    invocation,
    { args: z.tuple([]), options: noOptions },
    list,
  );
  handle(
    models.command('pull').description('fetch models (without a name: the default ones)').argument('[id...]'),
    invocation,
    { args: ids, options: noOptions },
    pull,
  );
  handle(
    models.command('verify').description('hash the files (without a name: of all that are here)').argument('[id...]'),
    invocation,
    { args: ids, options: noOptions },
    verify,
  );
  handle(
    models
      .command('remove')
      .description('delete a model, or forget an endpoint')
      .argument('<id>')
      .option('--yes', 'do not ask'),
    invocation,
    { args: z.tuple([z.string()]), options: z.object({ yes: z.boolean().default(false) }) },
    remove,
  );
  handle(
    models.command('show').description('everything that is known of a model or an endpoint').argument('<id>'),
    invocation,
    { args: z.tuple([z.string()]), options: noOptions },
    show,
  );
  addModelsAdd(models, invocation);
  addModelsExport(models, invocation);
  addModelsEndpoint(models, invocation);
}

async function list({ out, paths, env }: CommandContext): Promise<undefined> {
  const { listAdapters, listEndpoints, listModels } = await import('../../models/store.ts');
  const models = listModels(paths);
  const adapters = listAdapters(paths);
  const endpoints = await Promise.all(listEndpoints(paths).map((one) => endpointView(one, env)));
  const json = models.map(modelJson);
  out.result({ models: json, endpoints, adapters }, () => [
    ...table(
      ['ID', 'KIND', 'STATE', 'SIZE', 'LANGUAGES', 'LICENCE'],
      models.map(({ entry, state, bytesTotal }) => [
        entry.id,
        entry.kind,
        state,
        megabytes(bytesTotal),
        entry.languages.join(' '),
        entry.licence,
      ]),
    ),
    ...(adapters.length === 0
      ? []
      : [
          '',
          ...table(
            ['ADAPTER', 'BASE', 'RANK', 'ALPHA', 'FOLDER'],
            adapters.map((one) => [one.name, one.base, String(one.rank), String(one.alpha), one.path]),
          ),
        ]),
    ...(endpoints.length === 0
      ? []
      : [
          '',
          ...table(
            ['ENDPOINT', 'KIND', 'MODEL', 'KEY', 'PRICE', 'LIMITS', 'URL'],
            endpoints.map((one) => [
              one.name,
              one.kind,
              one.model,
              shownKey(one),
              shownPrices(one),
              shownLimits(one),
              one.alsoAt ? `${one.url} and ${one.alsoAt.length} more` : one.url,
            ]),
          ),
        ]),
  ]);
}

function modelJson({ entry, state, folder, bytesTotal, bytesPresent }: ModelStatus) {
  const { id, kind, title, languages, licence, origin, parameters, note } = entry;
  const facts = { id, kind, title, languages, licence, origin, parameters, note };
  return { ...facts, state, bytes: bytesTotal, bytesPresent, folder };
}

async function show({ out, paths, env }: CommandContext, [id]: [string]): Promise<undefined> {
  const { listAdapters, listEndpoints, modelStatus, tunedModels } = await import('../../models/store.ts');
  const { cardText, readCard } = await import('../../training/card.ts');
  const endpoint = listEndpoints(paths).find(({ name }) => name === id);
  if (endpoint) {
    const { poolFolder, readPoolFigures } = await import('../../models/pool-figures.ts');
    const { readCanaries } = await import('../../models/server-canary.ts');
    const view = await endpointView(endpoint, env);
    const folder = poolFolder(paths, endpoint.name);
    const servers = knownServers(endpoint, readPoolFigures(folder), readCanaries(folder));
    out.result({ endpoint: view, ...(servers.length > 0 ? { servers } : {}) }, () => [
      ...endpointLines(view),
      ...serverLines(servers, Date.now()),
    ]);
    return;
  }
  const adapter = listAdapters(paths).find(({ name }) => name === id);
  const tuned = tunedModels(paths).get(id);
  const known: Record<string, unknown> = adapter ? { ...adapter } : { ...modelJson(modelStatus(paths, id)), ...tuned };
  const card = readCard(String(adapter?.path ?? known['folder']));
  const shown = { ...known, ...(card ? { card } : {}) };
  out.result(adapter ? { adapter: shown } : { model: shown }, () => [
    ...Object.entries(known)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`),
    ...(card ? ['', ...cardText(card).trimEnd().split('\n')] : []),
  ]);
}

async function pull(context: CommandContext, [ids]: [string[]]): Promise<undefined> {
  const { DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDERS } = await import('../../models/catalogue.ts');
  const { findModel, installedModel, modelStatus } = await import('../../models/store.ts');
  const wanted = ids.length > 0 ? ids : [...Object.values(DEFAULT_EMBEDDERS), DEFAULT_CHAT_MODEL];
  // A misspelt name should cost no download.
  for (const id of wanted) findModel(context.paths, id);
  const done: { id: string; folder: string; pulled: boolean }[] = [];
  for (const id of wanted) {
    const before = modelStatus(context.paths, id).state;
    if (before !== 'present') await pullOne(context, id);
    const { folder } = installedModel(context.paths, id);
    done.push({ id, folder, pulled: before !== 'present' });
  }
  context.out.result({ models: done }, () =>
    done.map(({ id, folder, pulled }) => `${id}: ${pulled ? 'pulled' : 'was here already'} (${folder})`),
  );
}

async function verify({ out, paths, signal }: CommandContext, [ids]: [string[]]): Promise<number> {
  const { listModels } = await import('../../models/store.ts');
  const { verifyModel } = await import('../../models/verify.ts');
  const here = ({ state }: ModelStatus) => state === 'present' || state === 'damaged';
  const wanted =
    ids.length > 0
      ? ids
      : listModels(paths)
          .filter(here)
          .map(({ entry }) => entry.id);
  const reports: VerifyReport[] = [];
  for (const id of wanted) {
    out.progress(`hashing ${id}`);
    reports.push(await verifyModel(paths, id, signal));
  }
  out.clearProgress();
  out.result({ models: reports }, () =>
    reports.length === 0
      ? 'No model is here yet.'
      : table(
          ['ID', 'FILE', 'OK', 'DETAIL'],
          reports.flatMap((report) =>
            report.files.map((file) => [report.id, file.name, file.ok ? 'yes' : 'NO', file.detail]),
          ),
        ),
  );
  return reports.every((report) => report.ok) ? EXIT.done : EXIT.gateSaysNo;
}

async function remove(context: CommandContext, [id]: [string], options: { yes: boolean }): Promise<undefined> {
  const { listAdapters, listEndpoints, modelStatus } = await import('../../models/store.ts');
  const { removeWithKey } = await import('../../models/endpoint-entries.ts');
  const { assertEmbedderUnused } = await import('../../kb/embedder-use.ts');
  const named = [...listEndpoints(context.paths), ...listAdapters(context.paths)].some((one) => one.name === id);
  const what = named
    ? `Forgets ${id}; its files, if it has any, stay.`
    : `Deletes the model ${id} (${megabytes(modelStatus(context.paths, id).bytesPresent)} on this disk).`;
  await assertEmbedderUnused(context.paths, id, context.signal);
  await confirm(context, options.yes, what);
  const { keyForgotten } = await removeWithKey(context.paths, id, context.env, context.signal);
  if (keyForgotten === false) context.out.note('Its stored key could not be forgotten, or was not there.');
  context.out.result({ removed: id }, () => `Removed ${id}${keyForgotten ? ' and its stored key' : ''}.`);
}
