import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { KbClient } from '../../kb/protocol.ts';
import { hitSchema, ingestReportSchema, type KnowledgeBase, knowledgeBaseSchema } from '../../kb/types.ts';
import { fixturesDir } from '../../platform/entry.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { answerSchema } from '../../rag/types.ts';
import { runRagtui } from './run-ragtui.ts';

export interface DemoWorld {
  readonly paths: WorkspacePaths;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

interface Outcome {
  readonly ok: boolean;
  /** For the table at the end. */
  readonly detail: string;
  /** Lines to show as the step ends. */
  readonly show: readonly string[];
}

interface Step {
  readonly name: string;
  readonly command: string;
  readonly run: (world: DemoWorld) => Promise<Outcome>;
}

const LANGUAGES = ['en', 'zh'] as const;
type Language = (typeof LANGUAGES)[number];

/** A passage further down than this does not reach the model. */
const TOP_K = 3;
const ASKED = 2;
/** Of the questions of one language, so many must have their document among the first `TOP_K` chunks. */
const NEEDED_SHARE = 0.9;

const questionSchema = z.object({
  id: z.string(),
  language: z.enum(LANGUAGES),
  question: z.string(),
  answer: z.string(),
  document: z.string(),
});
type Question = z.output<typeof questionSchema>;

/** The whole story, in order; a step that fails ends it. */
export const demoSteps: readonly Step[] = [
  { name: 'models', command: 'models pull', run: pull },
  ...LANGUAGES.map((language) => ({
    name: `ingest ${language}`,
    command: `ingest fixtures/sample-kb/${language} --kb ${language}`,
    run: (world: DemoWorld) => ingest(world, language),
  })),
  ...LANGUAGES.map((language) => ({
    name: `search ${language}`,
    command: `search QUESTION --kb ${language} --top-k ${TOP_K}    (all sample questions)`,
    run: (world: DemoWorld) => searchAll(world, language),
  })),
  ...LANGUAGES.flatMap((language) =>
    questions(language)
      .slice(0, ASKED)
      .map((question) => ({
        name: `ask ${question.id}`,
        command: `ask "${question.question}" --kb ${language}`,
        run: (world: DemoWorld) => ask(world, question),
      })),
  ),
  ...LANGUAGES.map((language) => ({
    name: `ingest ${language} again`,
    command: `ingest fixtures/sample-kb/${language} --kb ${language}`,
    run: (world: DemoWorld) => ingestAgain(world, language),
  })),
  { name: 'verify', command: 'kb verify', run: verify },
];

function questions(language: Language): Question[] {
  const file = path.join(fixturesDir(), 'questions.json');
  return z
    .array(questionSchema)
    .parse(JSON.parse(readFileSync(file, 'utf8')))
    .filter((question) => question.language === language);
}

const sample = (language: Language): string => path.join(fixturesDir(), 'sample-kb', language);

async function pull(world: DemoWorld): Promise<Outcome> {
  const { models } = z
    .object({ models: z.array(z.object({ id: z.string(), pulled: z.boolean() })) })
    .parse(await runRagtui(world, ['models', 'pull']));
  const show = models.map(({ id, pulled }) => `${id}: ${pulled ? 'pulled' : 'was here already'}`);
  return { ok: models.length > 0, detail: show.join(', '), show };
}

const ingestResult = z.object({ report: ingestReportSchema });

async function ingest(world: DemoWorld, language: Language): Promise<Outcome> {
  const { report } = ingestResult.parse(await runRagtui(world, ['ingest', sample(language), '--kb', language]));
  const { kb } = z.object({ kb: knowledgeBaseSchema }).parse(await runRagtui(world, ['kb', 'show', language]));
  const detail = `${kb.documents} documents, ${report.chunks} chunks, ${report.embedded} embedded by ${embedderOf(kb)}`;
  const ok = report.added > 0 && report.failed.length === 0 && embedderOf(kb).includes(`-${language}-`);
  return { ok, detail, show: [detail, ...report.failed.map(({ path: file, reason }) => `failed: ${file}: ${reason}`)] };
}

const embedderOf = (kb: KnowledgeBase): string => kb.embedders[0] ?? 'nothing';

async function searchAll(world: DemoWorld, language: Language): Promise<Outcome> {
  const { connectKb } = await import('../../kb/client.ts');
  const kb = await connectKb(world.paths, { signal: world.signal });
  try {
    const asked = questions(language);
    const missed: string[] = [];
    for (const question of asked) if (!(await isFound(kb, question))) missed.push(question.question);
    const right = asked.length - missed.length;
    const detail = `${right} of ${asked.length} questions have their document among the first ${TOP_K} chunks`;
    return {
      ok: right >= asked.length * NEEDED_SHARE,
      detail,
      show: [detail, ...missed.map((text) => `missed: ${text}`)],
    };
  } finally {
    await kb.close();
  }
}

async function isFound(kb: KbClient, question: Question): Promise<boolean> {
  const { hits } = await kb.call('search', { kb: question.language, query: question.question, topK: TOP_K });
  return hits.some((hit) => isFrom(hit.document, question));
}

/** Rows of a table are documents called `file.csv#key`. */
function isFrom(document: string, question: Question): boolean {
  return document.replace(/#.*$/, '').endsWith(`/${question.document}`);
}

async function ask(world: DemoWorld, question: Question): Promise<Outcome> {
  const answer = answerSchema.parse(await runRagtui(world, ['ask', question.question, '--kb', question.language]));
  const right = z
    .array(hitSchema)
    .parse(answer.hits)
    .some((hit) => isFrom(hit.document, question));
  const { firstTokenMs, tokensPerSecond } = answer.timing;
  const speed = `first token ${Math.round(firstTokenMs ?? 0)} ms, ${(tokensPerSecond ?? 0).toFixed(0)} tokens/s`;
  const first = answer.hits[0];
  return {
    ok: right && answer.answer.trim() !== '' && answer.finish !== 'error',
    detail: `${right ? 'right passage' : 'WRONG passage'}, ${answer.usage.completionTokens} tokens, ${speed}`,
    show: [
      `answer:   ${answer.answer.trim().replace(/\s+/g, ' ')}`,
      `expected: ${question.answer}${question.language === 'zh' ? '  (the small default model knows no Chinese: the passage is what is checked)' : ''}`,
      `from:     ${first ? `${path.basename(first.document)} [${first.start}–${first.end}]` : 'nothing'}`,
      speed,
    ],
  };
}

async function ingestAgain(world: DemoWorld, language: Language): Promise<Outcome> {
  const { report } = ingestResult.parse(await runRagtui(world, ['ingest', sample(language), '--kb', language]));
  const detail = `${report.unchanged} unchanged, ${report.embedded} embedded, ${report.seconds.toFixed(2)} s in the worker`;
  const ok = report.unchanged > 0 && report.embedded === 0 && report.added + report.changed + report.removed === 0;
  return { ok, detail, show: [detail] };
}

async function verify(world: DemoWorld): Promise<Outcome> {
  const { ok, checks } = z
    .object({ ok: z.boolean(), checks: z.array(z.object({ name: z.string(), ok: z.boolean() })) })
    .parse(await runRagtui(world, ['kb', 'verify']));
  if (checks.length === 0) throw new RagtuiError('internal', 'Nothing was verified.');
  const detail = `${checks.filter((check) => check.ok).length} of ${checks.length} checks are right`;
  return { ok, detail, show: [detail] };
}
