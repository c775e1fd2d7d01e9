import { setImmediate as nextTick } from 'node:timers/promises';
import { checkTable } from '../../db/check-table.ts';
import type { IndexRow } from '../../db/index-table.ts';
import type { DamagedVector } from '../../db/vectors-table.ts';
import type { IndexSet } from '../index/index-set.ts';
import type { Projections } from '../projection/projections.ts';
import type { Result } from '../protocol.ts';
import { requireKb, type StoreContext } from './context.ts';
import { rebuildFullText } from './full-text.ts';

type Check = Result<'kb.verify'>['checks'][number];

const fine = (name: string, detail: string): Check => ({ name, ok: true, detail, repaired: false });
const mended = (name: string, detail: string): Check => ({ name, ok: false, detail, repaired: true });

/** Proves that every index is what the database says, repairs what is derived, and says what it did. */
export async function verify(
  context: StoreContext,
  indexes: IndexSet,
  projections: Projections,
  name: string | undefined,
): Promise<Result<'kb.verify'>> {
  const kbs = name === undefined ? context.read.kb.all() : [requireKb(context.read, name)];
  const checks: Check[] = [checkPages(context), await checkVectors(context, indexes)];
  for (const kb of kbs) {
    const wrong = checkTable(context.read.db).wrongDocuments(kb.id);
    const title = `${kb.name}: documents`;
    checks.push(
      wrong === 0
        ? fine(title, `${context.read.listing.counts(kb.id).documents} live`)
        : { name: title, ok: false, detail: `${wrong} have no text; ingest again`, repaired: false },
    );
    for (const group of context.read.kb.groups(kb.id)) {
      const prefix = `${kb.name}/${group.name}`;
      checks.push(await checkTexts(context, prefix, group.id));
      checks.push(await checkFullText(context, prefix, kb.id, group.id));
      for (const row of context.read.index.ofGroup(group.id)) {
        checks.push(...(await checkIndex(context, indexes, prefix, row)));
        checks.push(...(await checkServer(projections, prefix, row)));
      }
    }
  }
  const cached = context.read.vectors.orphans();
  checks.push(fine('vector cache', `${cached} vectors are kept for texts no index needs now`));
  return { ok: checks.every((check) => check.ok || check.repaired), checks };
}

function checkPages(context: StoreContext): Check {
  const found = checkTable(context.read.db).pages();
  if (found === 'ok') return fine('database', 'every page is sound');
  return { name: 'database', ok: false, detail: `${found}; restore ragtui.db from a backup`, repaired: false };
}

const PAGE = 512;

/** Every vector is, bit for bit, what was stored. A damaged one is taken out: its text has to be embedded again. */
async function checkVectors(context: StoreContext, indexes: IndexSet): Promise<Check> {
  const name = 'vectors';
  const damaged: DamagedVector[] = [];
  for (let after: number | undefined = 0; after !== undefined; await nextTick()) {
    const page = context.read.vectors.checkAfter(after, PAGE);
    damaged.push(...page.damaged);
    after = page.last;
  }
  if (damaged.length === 0) return fine(name, 'as they were stored');
  await context.db.writer.run(async (tx) => {
    for (const vector of damaged) {
      context.write.vectors.discard(vector);
      await tx.pause();
    }
  });
  const touched = new Set(damaged.map((vector) => vector.embedder_id));
  await indexes.rebuild([...touched].flatMap((id) => context.read.index.ofEmbedder(id)));
  const detail = `${damaged.length} were damaged and are taken out; ingest the same paths again to make them anew`;
  return { name, ok: false, detail, repaired: false };
}

async function checkTexts(context: StoreContext, prefix: string, groupId: number): Promise<Check> {
  const title = `${prefix}: live texts`;
  return context.db.writer.run(() => {
    const table = checkTable(context.write.db);
    const wrong = table.wrongTexts(groupId);
    if (wrong === 0) return fine(title, `${context.write.index.countTexts(groupId)} counted`);
    table.repairTexts(groupId);
    return mended(title, `${wrong} were counted wrong; counted again`);
  });
}

async function checkFullText(context: StoreContext, prefix: string, kbId: number, groupId: number): Promise<Check> {
  const title = `${prefix}: full-text index`;
  return context.db.writer.run(async (tx) => {
    const expected = checkTable(context.write.db).liveChunkIds(groupId);
    const problem = fullTextProblem(context, groupId, expected);
    if (!problem) return fine(title, `${expected.length} chunks`);
    await rebuildFullText(tx, context, kbId, groupId);
    return mended(title, `${problem}; built again from ${expected.length} chunks`);
  });
}

function fullTextProblem(context: StoreContext, groupId: number, expected: readonly number[]): string | undefined {
  try {
    const fts = context.write.fts(groupId);
    fts.check();
    const ids = fts.ids();
    const same = ids.length === expected.length && ids.every((id, at) => id === expected[at]);
    return same ? undefined : `it had ${ids.length} rows for ${expected.length} chunks`;
  } catch (error) {
    return `it was damaged (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function checkIndex(context: StoreContext, indexes: IndexSet, prefix: string, row: IndexRow): Promise<Check[]> {
  const key = { index: row.id, group: row.group_id, embedder: row.embedder_id };
  const embedder = context.read.kb.embedders(row.kb_id).find((entry) => entry.embedder_id === row.embedder_id);
  const name = `${prefix}: vectors of ${embedder?.name ?? 'a former embedder'}`;
  const members = await context.db.writer.run(() => {
    const table = checkTable(context.write.db);
    const { missing, extra } = table.wrongMembers(key);
    if (missing + extra === 0) return fine(name, `${context.write.index.countMembers(row.id)} members`);
    table.repairMembers(key);
    return mended(name, `${missing} were missing and ${extra} too many; corrected`);
  });
  if (!members.ok) await indexes.reload(row);
  return [members, await checkSearch(context, indexes, prefix, row)];
}

/** The index as it is searched holds exactly the members, and its files are the ones that were written. */
async function checkSearch(context: StoreContext, indexes: IndexSet, prefix: string, row: IndexRow): Promise<Check> {
  const name = `${prefix}: index`;
  const problems = await indexes.inspect(row);
  if (problems.length === 0) {
    const segments = context.read.index.segments(row.id);
    return fine(name, segments.length === 0 ? 'exact search' : `${segments.length} segment files are as written`);
  }
  await indexes.rebuild([row]);
  return mended(name, `${problems.join('; ')}; being built again, exact search serves meanwhile`);
}

/** The vector database holds the members, and of some of them the very vectors. What it does not is sent again. */
async function checkServer(projections: Projections, prefix: string, row: IndexRow): Promise<Check[]> {
  const found = await projections.inspect(row);
  if (!found) return [];
  const name = `${prefix}: vectors on ${found.server}`;
  if (found.problems.length === 0) return [fine(name, found.detail)];
  const problems = found.problems.join('; ');
  if (projections.state(row.id)?.state === 'unreachable') {
    return [{ name, ok: false, detail: `${problems} The embedded index answers meanwhile.`, repaired: false }];
  }
  projections.rebuild([row]);
  return [mended(name, `${problems}; being filled again, the embedded index answers meanwhile`)];
}
