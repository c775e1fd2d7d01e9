import type { Choice } from '../../../stores/ui.ts';
import { type JobView, jobStateSchema, jobWorkSchema } from '../../jobs/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { stateText } from '../progress.ts';

/** Which jobs the list shows. */
export type Facet =
  | { readonly by: 'all' }
  | { readonly by: 'state'; readonly value: JobView['state'] }
  | { readonly by: 'kind'; readonly value: JobView['spec']['work']['kind'] }
  | { readonly by: 'tag'; readonly value: string };

export const ALL: Facet = { by: 'all' };

export function isShown({ spec, state, tags }: JobView, facet: Facet): boolean {
  switch (facet.by) {
    case 'all':
      return true;
    case 'state':
      return state === facet.value;
    case 'kind':
      return spec.work.kind === facet.value;
    case 'tag':
      return tags.includes(facet.value);
  }
}

export function facetText(facet: Facet): string {
  switch (facet.by) {
    case 'all':
      return t('jobs.filter.all');
    case 'state':
      return stateText(facet.value);
    case 'kind':
      return t(`jobs.kind.${facet.value}`);
    case 'tag':
      return `#${facet.value}`;
  }
}

export const facetId = (facet: Facet): string => (facet.by === 'all' ? 'all' : `${facet.by} ${facet.value}`);

/** The facets that some job has, with how many. */
export function facets(jobs: readonly JobView[]): readonly { readonly facet: Facet; readonly count: number }[] {
  const states = jobStateSchema.options.map((value): Facet => ({ by: 'state', value }));
  const kinds = jobWorkSchema.options.map(({ shape }): Facet => ({ by: 'kind', value: shape.kind.value }));
  const tags = [...new Set(jobs.flatMap((job) => job.tags))].sort().map((value): Facet => ({ by: 'tag', value }));
  return [ALL, ...states, ...kinds, ...tags]
    .map((facet) => ({ facet, count: jobs.filter((job) => isShown(job, facet)).length }))
    .filter(({ facet, count }) => count > 0 || facet.by === 'all');
}

export const facetChoices = (jobs: readonly JobView[]): readonly Choice[] =>
  facets(jobs).map(({ facet, count }) => ({ id: facetId(facet), title: facetText(facet), note: String(count) }));
