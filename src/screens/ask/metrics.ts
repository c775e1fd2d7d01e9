import type { Running } from '../../../stores/ask.ts';
import type { Answer } from '../../rag/types.ts';
import { formatCount, formatMillis } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { costText } from '../compare/metrics-lines.ts';

/** The numbers of an answer that is there. Pure. */
export function answerMetrics({ timing, usage, hits, models, cost, retries, notSent }: Answer): readonly string[] {
  const searched = timing.retrievalMs > 0 || hits.length > 0;
  return [
    ...firstAndSpeed(timing.firstTokenMs, timing.tokensPerSecond),
    ...(searched ? [t('ask.metric.retrieval', { time: formatMillis(timing.retrievalMs) })] : []),
    // BM25 embeds nothing: no time is not a time of 0.
    ...(models.embedder === null ? [] : [t('ask.metric.embedding', { time: formatMillis(timing.embeddingMs) })]),
    t('ask.metric.tokens', {
      prompt: counted(usage, usage.promptTokens),
      answer: counted(usage, usage.completionTokens),
    }),
    ...(cost === null ? [] : [costText(cost)]),
    ...(retries === 0 ? [] : [t('metrics.retries', { count: retries })]),
    ...(notSent === undefined ? [] : [t('ask.metric.notSent', { fields: notSent.join(', ') })]),
    t('ask.metric.total', { time: formatMillis(timing.totalMs) }),
  ];
}

/** `~12`: counted by us, since the server did not tell. */
const counted = ({ estimated }: Answer['usage'], count: number): string =>
  `${estimated ? '~' : ''}${formatCount(count)}`;

/** The numbers so far of an answer under way; `now` is the clock of `startedAt`. Pure. */
export function runningMetrics(
  running: Pick<Running, 'buffer' | 'search' | 'promptTokens' | 'startedAt'>,
  now: number,
): readonly string[] {
  const { buffer, search, promptTokens, startedAt } = running;
  const { firstAt, pieces, askedAt } = buffer;
  const seconds = firstAt === null ? 0 : (now - firstAt) / 1000;
  // The first token opens the interval: n tokens lie n − 1 intervals apart.
  const rate = seconds > 0 && pieces > 1 ? (pieces - 1) / seconds : null;
  return [
    ...firstAndSpeed(firstAt === null ? null : firstAt - (askedAt ?? startedAt), rate),
    ...(search ? [t('ask.metric.retrieval', { time: formatMillis(search.timing.retrievalMs) })] : []),
    ...(search && search.embedder !== null
      ? [t('ask.metric.embedding', { time: formatMillis(search.timing.embeddingMs) })]
      : []),
    ...(promptTokens === null
      ? []
      : [t('ask.metric.tokens', { prompt: formatCount(promptTokens), answer: formatCount(pieces) })]),
  ];
}

const firstAndSpeed = (firstMs: number | null, rate: number | null): readonly string[] => [
  ...(firstMs === null ? [] : [t('ask.metric.first', { time: formatMillis(firstMs) })]),
  ...(rate === null ? [] : [t('ask.metric.speed', { rate: rate.toFixed(1) })]),
];
