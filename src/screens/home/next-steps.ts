import type { Tone } from '../../../stores/ui.ts';
import type { JobView } from '../../jobs/types.ts';
import { isOver } from '../../jobs/types.ts';
import type { KnowledgeBase } from '../../kb/types.ts';
import type { ModelStatus } from '../../models/types.ts';

/** Something worth doing next, most urgent first. The words come from `home.step.<kind>`. */
export interface NextStep {
  readonly kind:
    | 'reconnect'
    | 'repair-model'
    | 'guide'
    | 'pull'
    | 'watch'
    | 'failed-job'
    | 'failed-documents'
    | 'create'
    | 'fill'
    | 'ask'
    | 'add-documents'
    | 'search-bench';
  /** The base, model or job it is about. */
  readonly subject: string;
  readonly detail: string;
  readonly tone: Tone;
}

export interface Situation {
  readonly connection: 'idle' | 'connecting' | 'ready' | 'failed';
  readonly reason: string;
  readonly models: readonly ModelStatus[] | null;
  readonly bases: readonly KnowledgeBase[] | null;
  readonly jobs: readonly JobView[];
  readonly hasEndpoint: boolean;
}

/** What to do next, from what there is. Pure. */
export function nextSteps(situation: Situation): readonly NextStep[] {
  const { connection, models, bases, jobs, hasEndpoint } = situation;
  const steps: NextStep[] = [];
  const add = (kind: NextStep['kind'], subject = '', detail = '', tone: Tone = 'info'): void =>
    void steps.push({ kind, subject, detail, tone });

  if (connection === 'failed') add('reconnect', '', situation.reason, 'bad');
  for (const { entry, state } of models ?? []) {
    if (state === 'damaged') add('repair-model', entry.id, entry.title, 'bad');
  }
  const present = (models ?? []).filter(({ state }) => state === 'present').map(({ entry }) => entry.kind);
  const ready = present.includes('embedder') && (present.includes('chat') || hasEndpoint);
  if (models && bases && bases.length === 0 && !ready) add('guide');
  else if (models && !ready) add('pull', '', '', 'warn');

  for (const job of jobs) {
    if (job.spec.work.kind === 'ingest' && !isOver(job.state)) add('watch', job.spec.work.kb, job.spec.id);
  }
  const [latest] = jobs.filter((job) => job.spec.work.kind !== 'serve');
  if (latest && (latest.state === 'failed' || latest.state === 'lost')) {
    add('failed-job', latest.spec.name, latest.error?.message ?? latest.reason, 'bad');
  }
  for (const base of bases ?? []) {
    if (base.failed > 0) add('failed-documents', base.name, String(base.failed), 'warn');
  }
  const filled = (bases ?? []).filter((base) => base.documents > 0);
  if (bases && bases.length === 0 && ready) add('create');
  for (const base of bases ?? []) if (base.documents === 0 && !base.ingesting) add('fill', base.name);
  if (ready) for (const base of filled) add('ask', base.name, String(base.documents), 'good');
  const [first] = filled;
  if (first) {
    add('search-bench', first.name);
    add('add-documents', first.name);
  }
  return steps;
}
