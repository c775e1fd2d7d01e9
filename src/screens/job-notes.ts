import type { JobView } from '../jobs/types.ts';
import { t } from '../ui/i18n/index.ts';
import type { ScreenContext } from './context.ts';

/** Asks for the note on a job. */
export function askNote({ jobs, ui }: ScreenContext, job: JobView): void {
  ui.getState().prompt({
    title: t('jobs.note'),
    text: job.spec.name,
    initial: job.note,
    submit: (text) => jobs.getState().note(job.spec.id, text),
  });
}

/** Asks for the tags of a job. */
export function askTags({ jobs, ui }: ScreenContext, job: JobView): void {
  ui.getState().prompt({
    title: t('jobs.tags'),
    text: t('jobs.tagsText'),
    initial: job.tags.join(' '),
    submit: (text) => jobs.getState().tag(job.spec.id, tagChanges(job.tags, text)),
  });
}

/** The tags `text` names, as changes of those there are. */
function tagChanges(before: readonly string[], text: string): string[] {
  const wanted = text
    .split(/[\s,]+/)
    .map((tag) => tag.replace(/^[#+]/, ''))
    .filter(Boolean);
  return [
    ...before.filter((tag) => !wanted.includes(tag)).map((tag) => `-${tag}`),
    ...wanted.filter((tag) => !before.includes(tag)).map((tag) => `+${tag}`),
  ];
}
