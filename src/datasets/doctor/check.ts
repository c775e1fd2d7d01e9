import { createHash } from 'node:crypto';
import { RagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { type AnyDataset, findPart, openDataset } from '../open.ts';
import type { DatasetRow } from '../types.ts';
import { type Findings, FindingsWriter, markLatest, readFindings } from './findings-file.ts';
import { Forecaster } from './forecast.ts';
import { crossLeaks, splitLeaks } from './leak-checks.ts';
import { LengthCounter } from './lengths.ts';
import { type NearContexts, nearContexts } from './near-contexts.ts';
import { parseReference } from './reference.ts';
import { ALL_RULES, type RuleNote, rulesFor } from './registry.ts';
import { RowIndex } from './row-index.ts';
import { viewOf } from './row-view.ts';
import type { Found, Rule, RuleContext } from './rule.ts';
import { targetModel } from './target-model.ts';
import { languageOf } from './text/script.ts';
import { traitsOf } from './traits.ts';
import type { CheckQuestion, CheckSummary, Finding } from './types.ts';

/** LLaMA-Factory's cutoff in the CPU preset, and what an embedder reads. */
export const DEFAULT_CUTOFF = 512;
const TOLD_EVERY = 1000;

export interface CheckOptions {
  /** A split, a part of one (`tutorial/test`), or `all` (default): with all splits of the version. */
  readonly split?: string;
  /** Rules beyond the usual ones. */
  readonly also?: readonly string[];
  /** These rules alone. */
  readonly only?: readonly string[];
  /** Whose tokens are counted: a model's id, or a folder in the layout of Transformers. Without it no lengths. */
  readonly model?: string;
  /** In tokens. */
  readonly cutoff?: number;
  /** Evaluation sets that nothing may leak from: `NAME`, `NAME:PART`, `NAME@VERSION:PART`. */
  readonly against?: readonly string[];
  readonly version?: string;
  /** Check again although nothing has changed. */
  readonly afresh?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CheckProgress) => void;
}

export interface CheckProgress {
  readonly phase: 'reading' | 'comparing';
  readonly done: number;
  readonly total: number;
  readonly findings: number;
}

/**
 * Looks a dataset over and keeps what was found beside its rows; the same question about the same rows is answered
 * from there. Errors: `not-found`, `usage` for a rule or part that is not there, those of the model, `cancelled`.
 */
export async function checkDataset(
  paths: WorkspacePaths,
  name: string,
  options: CheckOptions = {},
): Promise<{ findings: Findings; reused: boolean }> {
  const dataset = openDataset(paths, name, options.version === undefined ? {} : { version: options.version });
  const check = new Check(paths, dataset, options);
  const known = options.afresh ? undefined : readFindings(dataset.folder, check.key);
  if (known) {
    markLatest(dataset.folder, check.key);
    return { findings: known, reused: true };
  }
  await check.run();
  const findings = readFindings(dataset.folder, check.key);
  if (!findings) throw new RagtuiError('internal', 'The findings were not kept.', 'Check again.');
  return { findings, reused: false };
}

/** What the last check of a version found; undefined when it was never checked. Errors: `not-found`. */
export function lastFindings(paths: WorkspacePaths, name: string, version?: string): Findings | undefined {
  return readFindings(openDataset(paths, name, version === undefined ? {} : { version }).folder);
}

class Check {
  readonly key: string;
  private readonly rules: readonly Rule[];
  private readonly notes: readonly RuleNote[];
  private readonly question: CheckQuestion;
  private findings = 0;

  constructor(
    private readonly paths: WorkspacePaths,
    private readonly dataset: AnyDataset,
    private readonly options: CheckOptions,
  ) {
    const { manifest } = dataset;
    const { also = [], only, split = 'all', model, cutoff, against = [] } = options;
    if (split !== 'all' && !manifest.splits.some((one) => one.name === split)) findPart(manifest, split);
    this.rules = rulesFor(manifest.kind, also, only);
    this.notes = ALL_RULES.filter((note) => this.rules.some(({ id }) => id === note.id) || this.beyondRows(note));
    this.question = {
      split,
      rules: [...also, ...(only ?? []).map((id) => `=${id}`)].sort(),
      model: model ?? null,
      cutoff: model === undefined ? null : (cutoff ?? DEFAULT_CUTOFF),
      against: against.map((one) => fixedReference(paths, one)),
    };
    const splits = manifest.splits.map((one) => one.file);
    const rules = this.notes.map(({ id, version }) => `${id}.${version}`);
    const asked = JSON.stringify([manifest.version, splits, rules, this.question]);
    this.key = createHash('sha256').update(asked).digest('hex').slice(0, 16);
  }

  /** Leaks and lengths are no rules that look at a row. */
  private beyondRows({ id }: RuleNote): boolean {
    const { only, model } = this.options;
    if (only && !only.includes(id)) return false;
    return id.startsWith('leak-') || (id === 'too-long' && model !== undefined);
  }

  async run(): Promise<void> {
    const started = performance.now();
    const writer = new FindingsWriter(this.dataset.folder, this.key, this.notes);
    try {
      const summary = await this.look(writer);
      writer.finish({ ...summary, milliseconds: Math.round(performance.now() - started) });
    } finally {
      writer.discard();
    }
  }

  private async look(writer: FindingsWriter): Promise<CheckSummary> {
    const { dataset } = this;
    const { manifest } = dataset;
    const report = (finding: Finding): void => {
      this.findings++;
      writer.add(finding);
    };
    const index = new RowIndex(manifest.rows);
    let near: NearContexts | undefined;
    const context: RuleContext = {
      dataset,
      index,
      traits: traitsOf(dataset),
      near: () => (near ??= nearContexts(index, (number) => dataset.row(number))),
    };
    const pass = await this.pass(context, report);
    this.tell('comparing', 0, 1);
    const leaks = await this.leaks(context, report);
    const severities = { error: 0, warning: 0, info: 0 };
    for (const { severities: of } of writer.counts) {
      for (const severity of ['error', 'warning', 'info'] as const) severities[severity] += of[severity];
    }
    return {
      format: 1,
      key: this.key,
      dataset: manifest.name,
      version: manifest.version,
      question: this.question,
      ...pass,
      findings: this.findings,
      severities,
      rules: writer.counts,
      extractive: context.traits.extractive,
      leaks,
      checkedAt: new Date().toISOString(),
      milliseconds: 0,
    };
  }

  /** One reading of all rows: every rule sees every row of the part, the index all of them. */
  private async pass(
    context: RuleContext,
    report: (finding: Finding) => void,
  ): Promise<Pick<CheckSummary, 'rows' | 'languages' | 'forecasts' | 'lengths'>> {
    const { dataset } = this;
    const { kind, rows: total } = dataset.manifest;
    const inPart = this.membership();
    const runs = this.rules.map((rule) => ({ rule, run: rule.start(context) }));
    const forecaster = new Forecaster(kind);
    const languages = new Map<string, number>();
    const lengths = await this.lengthCounter();
    let rows = 0;
    let number = 0;
    for await (const row of eachRow(dataset)) {
      const view = viewOf(row);
      context.index.add(view);
      if (inPart(number)) {
        rows++;
        const item = { number, row, view };
        for (const { rule, run } of runs) for (const found of run.row?.(item) ?? []) report(findingOf(rule, found));
        forecaster.add(row);
        const tooLong = lengths?.add(number, row);
        if (tooLong) report(tooLong);
        const language = languageOf(view.question);
        languages.set(language, (languages.get(language) ?? 0) + 1);
      }
      number++;
      if (number % TOLD_EVERY === 0) this.tell('reading', number, total);
    }
    for (const { rule, run } of runs) {
      for await (const found of run.end?.() ?? []) {
        if (found.row === null || inPart(found.row)) report(findingOf(rule, found));
      }
      this.tell('reading', number, total);
    }
    return {
      rows,
      languages: Object.fromEntries(languages),
      forecasts: forecaster.forecasts(lengths),
      lengths: lengths?.summary(kind) ?? null,
    };
  }

  private async lengthCounter(): Promise<LengthCounter | undefined> {
    const { model, cutoff } = this.question;
    if (model === null || cutoff === null || !this.notes.some(({ id }) => id === 'too-long')) return undefined;
    const target = await targetModel(this.paths, model);
    const { manifest } = this.dataset;
    if (manifest.kind !== 'retrieval' && !target.render) {
      throw new RagtuiError(
        'usage',
        `${target.name} has no chat template, so these rows cannot be rendered for it.`,
        'Name a chat model.',
      );
    }
    return new LengthCounter(target, cutoff, manifest.rows);
  }

  /** The rows that are looked at: those of a part, else all. */
  private membership(): (number: number) => boolean {
    const { split } = this.question;
    const { manifest } = this.dataset;
    if (split === 'all' || manifest.splits.some((one) => one.name === split)) return () => true;
    const flags = new Uint8Array(manifest.rows);
    for (const number of this.dataset.rowNumbers(split)) flags[number] = 1;
    return (number) => flags[number] === 1;
  }

  private async leaks(context: RuleContext, report: (finding: Finding) => void): Promise<CheckSummary['leaks']> {
    const wanted = (rule: string): boolean => this.notes.some(({ id }) => id === rule);
    if (!this.notes.some(({ id }) => id.startsWith('leak-'))) return [];
    const within = await splitLeaks(context, this.question.split, wanted, report);
    const inPart = this.membership();
    const across: CheckSummary['leaks'] = [];
    for (const reference of this.question.against) {
      throwIfAborted(this.options.signal);
      across.push(await crossLeaks(this.paths, context, reference, this.question.split, inPart, wanted, report));
    }
    return [...within, ...across];
  }

  private tell(phase: CheckProgress['phase'], done: number, total: number): void {
    throwIfAborted(this.options.signal);
    this.options.onProgress?.({ phase, done, total, findings: this.findings });
  }
}

/** Rows of any kind; a union of iterables cannot be iterated as such. */
async function* eachRow(dataset: AnyDataset): AsyncGenerator<DatasetRow> {
  yield* dataset.rows();
}

function findingOf(rule: Rule, found: Found): Finding {
  return {
    rule: rule.id,
    severity: found.severity ?? rule.severity,
    row: found.row,
    ...(found.other ? { other: found.other } : {}),
    message: found.message,
    advice: found.advice ?? '',
    fix: found.fix ?? null,
  };
}

/** `NAME:PART` with the version that is current now, so that the answer can be kept. Errors: `not-found`. */
function fixedReference(paths: WorkspacePaths, reference: string): string {
  const { name, version, part } = parseReference(reference);
  const { manifest } = openDataset(paths, name, version === undefined ? {} : { version });
  if (part !== 'all') findPart(manifest, part);
  return `${manifest.name}@${manifest.version}:${part}`;
}
