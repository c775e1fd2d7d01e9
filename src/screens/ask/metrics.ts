import type { Running } from '../../../stores/ask.ts';
import type { Answer } from '../../rag/types.ts';
import { formatCount, formatMillis } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';

/** The numbers of an answer that is there. Pure. */
export function answerMetrics(answer: Answer): readonly string[] {
  const { timing, usage } = answer;
  return [
    ...(timing.firstTokenMs === null ? [] : [t('ask.metric.first', { time: formatMillis(timing.firstTokenMs) })]),
    ...(timing.tokensPerSecond === null ? [] : [t('ask.metric.speed', { rate: timing.tokensPerSecond.toFixed(1) })]),
    t('ask.metric.retrieval', { time: formatMillis(timing.retrievalMs) }),
    t('ask.metric.embedding', { time: formatMillis(timing.embeddingMs) }),
    t('ask.metric.tokens', {
      prompt: formatCount(usage.promptTokens),
      answer: formatCount(usage.completionTokens),
    }),
    t('ask.metric.total', { time: formatMillis(timing.totalMs) }),
  ];
}

/** The numbers so far of an answer under way; `now` is the clock of `startedAt`. Pure. */
export function runningMetrics(
  running: Pick<Running, 'buffer' | 'search' | 'promptTokens' | 'startedAt'>,
  now: number,
): readonly string[] {
  const { buffer, search, promptTokens, startedAt } = running;
  const seconds = buffer.firstAt === null ? 0 : (now - buffer.firstAt) / 1000;
  // The first token opens the interval: n tokens lie n − 1 intervals apart.
  const rate = seconds > 0 && buffer.pieces > 1 ? (buffer.pieces - 1) / seconds : null;
  return [
    ...(buffer.firstAt === null ? [] : [t('ask.metric.first', { time: formatMillis(buffer.firstAt - startedAt) })]),
    ...(rate === null ? [] : [t('ask.metric.speed', { rate: rate.toFixed(1) })]),
    ...(search
      ? [
          t('ask.metric.retrieval', { time: formatMillis(search.timing.retrievalMs) }),
          t('ask.metric.embedding', { time: formatMillis(search.timing.embeddingMs) }),
        ]
      : []),
    ...(promptTokens === null
      ? []
      : [t('ask.metric.tokens', { prompt: formatCount(promptTokens), answer: formatCount(buffer.pieces) })]),
  ];
}
