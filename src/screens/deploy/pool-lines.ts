import { sanitizeLine } from '../../platform/sanitize.ts';
import type { ServerFigures, ServerSample } from '../../serving/metrics-types.ts';
import { formatShort, formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Line, type Span, spansOf } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { packed, rateText } from '../compare/metrics-lines.ts';
import { ageText } from '../fleet/facts.ts';
import { type PoolServer, unansweredSince } from './rows.ts';

const WHY_ROWS = 2;

/** One server of a pool: how it is, what our processes asked of it, what it does by its own metrics, whether it gives the promised vectors. Pure. */
export function poolServerLines({ url, sample }: PoolServer, width: number, now: number): readonly Line[] {
  const notAsked: Span[] = wasAsked(sample) ? [] : [{ text: t('deploy.pool.notAsked'), style: 'muted' }];
  const doing = sample?.figures ? indented(doingSpans(sample.figures), width) : [];
  return linesOf({ url, sample }, { notAsked, doing }, width, now);
}

/** The same of a server whose metrics stand elsewhere, and of which nobody counts what is asked where it is in no pool; none where nothing is known. Pure. */
export function askedServerLines(sample: ServerSample, width: number, now: number): readonly Line[] {
  const { url, asked, canary } = sample;
  return asked || canary ? linesOf({ url, sample }, { notAsked: [], doing: [] }, width, now) : [];
}

function linesOf(
  { url, sample }: PoolServer,
  { notAsked, doing }: { readonly notAsked: readonly Span[]; readonly doing: readonly Line[] },
  width: number,
  now: number,
): readonly Line[] {
  const address: Span = { text: sanitizeLine(url), style: 'accent' };
  return [
    ...packed([address, ...howSpans(sample, now), ...notAsked, ...askedSpans(sample, now)], width),
    ...doing,
    ...(sample?.canary ? indented([canarySpan(sample.canary)], width) : []),
    ...whyLines(sample?.asked?.why ?? '', width),
  ];
}

const wasAsked = (sample: ServerSample | undefined): boolean => (sample?.asked?.requests ?? 0) > 0;

/** Whether it answers, and whether our processes use it or since when they leave it out. Pure. */
function howSpans(sample: ServerSample | undefined, now: number): Span[] {
  const { asked, state } = sample ?? {};
  const silent = unansweredSince(sample, now);
  const away: Span[] =
    state === 'unreachable' || state === 'slow'
      ? [{ text: withSince(t(`metrics.state.${state}`), silent), style: 'warn' }]
      : [];
  if (!asked || asked.requests === 0) return away;
  const style = asked.state === 'up' ? 'good' : asked.state === 'busy' ? 'warn' : 'bad';
  const since = asked.state === 'up' ? null : asked.since;
  return [...away, { text: withSince(t(`deploy.pool.${asked.state}`), since), style }];
}

/** What our processes asked of it within a day, and when they did last. Pure. */
function askedSpans(sample: ServerSample | undefined, now: number): Span[] {
  const { asked } = sample ?? {};
  if (!asked || asked.requests === 0) return [];
  return [
    { text: t('deploy.tally.count', { count: asked.requests }) },
    ...(asked.failures > 0
      ? [{ text: t('deploy.tally.failed', { count: asked.failures }), style: 'bad' as const }]
      : []),
    ...(asked.inFlight > 0 ? [{ text: t('deploy.pool.inWork', { count: asked.inFlight }) }] : []),
    ...(asked.askedAt === null
      ? []
      : [
          {
            text: t('deploy.pool.askedAgo', { age: ageText(Math.max(0, Math.round((now - asked.askedAt) / 1000))) }),
            style: 'muted' as const,
          },
        ]),
  ];
}

function doingSpans({ running, waiting, promptRate, generationRate }: ServerFigures): Span[] {
  return [
    ...(running === null ? [] : [{ text: `${t('deploy.figure.running')} ${formatShort(running)}` }]),
    ...(waiting === null ? [] : [{ text: `${t('deploy.figure.waiting')} ${formatShort(waiting)}` }]),
    ...(promptRate === null ? [] : [{ text: `${t('deploy.figure.promptRate')} ${rateText(promptRate)}` }]),
    ...(generationRate === null ? [] : [{ text: `${t('deploy.figure.generationRate')} ${rateText(generationRate)}` }]),
  ];
}

/** When it was last looked whether its vectors are the promised ones. Pure. */
function canarySpan({ kept, cosine, at }: NonNullable<ServerSample['canary']>): Span {
  const said = { time: timeOf(at), cosine: cosine.toFixed(4) };
  return kept
    ? { text: t('deploy.pool.vectors', said), style: 'good' }
    : { text: t('deploy.pool.otherVectors', said), style: 'bad' };
}

const indented = (spans: readonly Span[], width: number): Line[] =>
  packed(spans, width - 2).map((line): Line => [{ text: '  ' }, ...spansOf(line)]);
/** Why it is left out, in as few rows as tell it. */
const whyLines = (why: string, width: number): Line[] =>
  why === ''
    ? []
    : wrapRows(sanitizeLine(why), Math.max(2, width - 4))
        .slice(0, WHY_ROWS)
        .map((row): Line => [{ text: `   ${row}`, style: 'muted' }]);
const withSince = (text: string, since: number | null): string =>
  since === null ? text : `${text} ${t('deploy.since', { time: timeOf(since) })}`;
const timeOf = (at: number): string => formatTime(new Date(at).toISOString());
