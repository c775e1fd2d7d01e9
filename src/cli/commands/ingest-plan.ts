import type { IngestWidth } from '../../kb/ingest/width.ts';
import type { NodeGroup } from '../../kb/types.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { findKb, withKb } from '../kb-client.ts';
import { parseGroups, partsOf } from '../make-kb.ts';
import { clock, megabytes, table } from '../output.ts';

interface Wish {
  readonly kb: string;
  readonly group: readonly string[];
  readonly embedder: readonly string[];
}

interface Tried {
  readonly id: string;
  readonly dimension: number;
  /** Texts; undefined where it could not be tried. */
  readonly perSecond: number | undefined;
}

/** `ragtui ingest PATH… --kb NAME --plan`: counts the files, reads some, tries the embedders, starts nothing. */
export async function planOnPaper(context: CommandContext, roots: readonly string[], wish: Wish): Promise<number> {
  const { surveyFiles } = await import('../../kb/ingest/survey.ts');
  const { splitterOf } = await import('../../kb/ingest/splitting.ts');
  const { ingestWidth } = await import('../../kb/ingest/width.ts');
  const { planSize } = await import('../../kb/ingest/size-plan.ts');
  const { groups, embedders } = await partsFor(context, roots, wish);
  const split = await splitterOf(context.paths, groups);
  context.out.progress('counting files, reading some of each kind');
  const { sample, ...survey } = await surveyFiles(roots, groups, split, context.signal);
  const width = ingestWidth(context.paths);
  const measured: Tried[] = [];
  for (const id of embedders) {
    context.out.progress(`trying ${id}`);
    measured.push({ id, ...(await tryEmbedder(context, id, sample, width)) });
  }
  context.out.clearProgress();
  const plan = planSize({
    chunks: survey.chunks,
    textBytes: survey.textBytes,
    dimensions: measured.map((one) => one.dimension),
    textsPerSecond: measured.map((one) => one.perSecond),
  });
  const { seconds } = plan;
  context.out.result({ survey, embedders: measured, plan }, () => [
    `${survey.files} files, ${megabytes(survey.bytes)}; ${survey.read} were read`,
    ...table(
      ['', 'ABOUT', 'HOW'],
      [
        ['chunks', String(survey.chunks), `as many as the read files give, kind by kind, if all is new`],
        ['vectors', String(plan.vectors), embedders.join(', ')],
        ['database', megabytes(plan.databaseBytes), 'rows, full text, vectors'],
        ['index files', megabytes(plan.indexBytes), 'made again from the database at any time'],
        ['memory to search', megabytes(plan.searchMemoryBytes), 'the kb service, from the first search on'],
        ['memory meanwhile', megabytes(plan.ingestMemoryBytes), 'all processes of the ingest; it does not grow'],
        ...measured.map(({ id, perSecond }) => [
          `embedding`,
          perSecond === undefined ? 'unknown' : clock(survey.chunks / perSecond),
          perSecond === undefined ? `${id} could not be tried` : `${perSecond.toFixed(0)} texts/s of ${id} now`,
        ]),
        ['storing', clock(seconds.store), 'one core of the kb service, meanwhile'],
        ['index', clock(seconds.index), 'one core of the index builder, meanwhile'],
      ],
    ),
  ]);
  return EXIT.done;
}

/** Of the knowledge base, or what it would be made of. */
async function partsFor(
  context: CommandContext,
  roots: readonly string[],
  wish: Wish,
): Promise<{ groups: readonly NodeGroup[]; embedders: readonly string[] }> {
  const base = await withKb(context, (kb) => findKb(kb, wish.kb));
  if (base) {
    const embedders = [...new Set([...base.embedders, ...wish.embedder])];
    const known = new Set(base.groups.map(({ name }) => name));
    const more = (await parseGroups(wish.group, embedders)).filter(({ name }) => !known.has(name));
    return { groups: [...base.groups, ...more], embedders };
  }
  const { guessLanguage } = await import('../../kb/language.ts');
  const { language } = await guessLanguage(roots);
  return partsOf(context, { ...wish, language });
}

/** Embeds the sample once, as an ingest would; unknown where the model is not here or its server does not answer. */
async function tryEmbedder(
  { paths, signal }: CommandContext,
  id: string,
  sample: readonly string[],
  width: IngestWidth,
): Promise<Omit<Tried, 'id'>> {
  const { findModel } = await import('../../models/store.ts');
  const { resolveEmbedder } = await import('../../models/embedder-client.ts');
  const { LaneEmbedders } = await import('../../kb/ingest/lane-embedders.ts');
  const resolved = await resolveEmbedder(paths, id).catch(() => undefined);
  if (!resolved) {
    const entry = findModel(paths, id);
    return { dimension: entry.kind === 'embedder' ? entry.embedder.dimension : 0, perSecond: undefined };
  }
  const embedders = new LaneEmbedders([resolved], width.embedders, () => undefined);
  try {
    const { lanes } = embedders;
    const batch = Math.max(1, Math.min(embedders.batch(id), Math.ceil(sample.length / lanes)));
    const batches = Array.from({ length: Math.ceil(sample.length / batch) }, (_, at) =>
      sample.slice(at * batch, (at + 1) * batch),
    );
    // Models are loaded, servers proven, before the clock starts.
    await Promise.all(Array.from({ length: lanes }, (_, lane) => embedders.embed(lane, id, sample.slice(0, 1))));
    signal.throwIfAborted();
    const started = performance.now();
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        for (let at = lane; at < batches.length; at += lanes) await embedders.embed(lane, id, batches[at] ?? []);
      }),
    );
    const perSecond = (1000 * sample.length) / (performance.now() - started);
    return { dimension: resolved.dimension, perSecond: sample.length > 0 ? perSecond : undefined };
  } catch {
    signal.throwIfAborted();
    return { dimension: resolved.dimension, perSecond: undefined };
  } finally {
    await embedders.close();
  }
}
