import type { HistoryField } from '../../../stores/deploy-types.ts';
import type { History } from '../../../stores/history.ts';
import type { RequestTally } from '../../../stores/request-tally.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import type { Percentiles, ServerFigures, ServerSample } from '../../serving/metrics-types.ts';
import { sparkline } from '../../ui/charts.ts';
import { formatBytes, formatMillis, formatPercent, formatShort, formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Line, pad, type Span } from '../../ui/text.ts';
import { MISSING, packed, rateText } from '../compare/metrics-lines.ts';

const LABEL_CELLS = 15;
const VALUE_CELLS = 19;

interface Figure {
  readonly field: HistoryField;
  readonly text: (figures: ServerFigures) => string;
  /** The top of its sparkline; absent: its own highest value. */
  readonly top?: number;
}

const count = (value: number | null): string => (value === null ? MISSING : formatShort(value));
const share = (value: number | null): string => (value === null ? MISSING : formatPercent(value));
const both = (value: Percentiles | null): string =>
  value === null ? MISSING : `${formatMillis(value.p50)} / ${formatMillis(value.p95)}`;

const FIGURES: readonly Figure[] = [
  { field: 'running', text: ({ running }) => count(running) },
  { field: 'waiting', text: ({ waiting }) => count(waiting) },
  { field: 'promptRate', text: ({ promptRate }) => rateText(promptRate) },
  { field: 'generationRate', text: ({ generationRate }) => rateText(generationRate) },
  { field: 'firstTokenMs', text: ({ firstTokenMs }) => both(firstTokenMs) },
  { field: 'gapMs', text: ({ gapMs }) => both(gapMs) },
  { field: 'kvCache', text: ({ kvCache }) => share(kvCache), top: 1 },
  { field: 'prefixHits', text: ({ prefixHits }) => share(prefixHits), top: 1 },
];

/** What a server does now, one number a row with its last fifteen minutes. Pure. */
export function figureLines(
  figures: ServerFigures,
  history: History<HistoryField> | undefined,
  width: number,
  now: number,
): readonly Line[] {
  const cells = Math.max(0, width - LABEL_CELLS - VALUE_CELLS - 2);
  return FIGURES.map(({ field, text, top }): Line => {
    const value = text(figures);
    const spark = history && cells > 3 ? sparkline(resampled(history.values(field, now), cells), cells, top) : '';
    return [
      { text: ` ${pad(t(`deploy.figure.${field}`), LABEL_CELLS)}`, style: 'muted' },
      { text: pad(value, VALUE_CELLS), ...(value === MISSING ? { style: 'muted' as const } : {}) },
      { text: spark, style: 'accent' },
    ];
  });
}

/** Values in at most `cells`: the highest of those that share a cell, so that no peak is lost. Pure. */
export function resampled(values: readonly number[], cells: number): readonly number[] {
  if (values.length <= cells) return values;
  return Array.from({ length: cells }, (_, i) => {
    const from = Math.floor((i * values.length) / cells);
    const to = Math.max(from + 1, Math.floor(((i + 1) * values.length) / cells));
    const known = values.slice(from, to).filter(Number.isFinite);
    return known.length === 0 ? Number.NaN : Math.max(...known);
  });
}

/** What has no history: preemptions, places for adapters. Pure. */
export function otherFigures({ preemptions, lora, parts: copies = [] }: ServerFigures, width: number): readonly Line[] {
  const parts: Span[] = [
    ...(preemptions === null ? [] : [{ text: t('deploy.preemptions', { count: preemptions }) }]),
    ...(lora === null
      ? []
      : [
          {
            text: t('deploy.lora', {
              used: lora.running.length,
              slots: lora.slots ?? MISSING,
              names: sanitizeLine(lora.running.join(', ')) || MISSING,
            }),
          },
          ...(lora.waiting.length > 0
            ? [
                {
                  text: t('deploy.loraWaiting', { names: sanitizeLine(lora.waiting.join(', ')) }),
                  style: 'warn' as const,
                },
              ]
            : []),
        ]),
  ];
  return [
    ...(parts.length === 0 ? [] : packed(parts, width)),
    ...copies.map(({ name, running, waiting, kvCache, generationRate }): Line => {
      const rate = rateText(generationRate);
      const figures = { name, running: count(running), waiting: count(waiting), cache: share(kvCache), rate };
      return [{ text: ` ${t('deploy.part', figures)}`, style: 'muted' }];
    }),
  ];
}

/** What our own client saw of each name on this server. Pure. */
export function tallyLines(
  tally: RequestTally,
  server: string,
  names: readonly string[],
  width: number,
): readonly Line[] {
  const lines = names.flatMap((name): Line[] => {
    const own = tally.of(server, name);
    if (!own) return [];
    const parts: Span[] = [
      { text: sanitizeLine(name), style: 'accent' },
      { text: t('deploy.tally.count', { count: own.count }) },
      ...(own.failed > 0 ? [{ text: t('deploy.tally.failed', { count: own.failed }), style: 'bad' as const }] : []),
      { text: t('deploy.chat.rate', { rate: rateText(own.rate) }) },
      { text: t('deploy.chat.first', { time: own.firstTokenMs === null ? MISSING : formatMillis(own.firstTokenMs) }) },
    ];
    return [...packed(parts, width)];
  });
  return lines.length === 0 ? [] : [[{ text: ` ${t('deploy.tally')}`, style: 'muted' }], ...lines];
}

/** What a server that is not ours says of itself. Pure. */
export function factLines({ facts }: ServerSample, width: number): readonly Line[] {
  if (!facts) return [];
  const { engine, version, models, loaded } = facts;
  const parts: Span[] = [
    ...(engine ? [{ text: [engine, version].filter(Boolean).join(' '), style: 'accent' as const }] : []),
    ...models.slice(0, 12).map(({ id, contextTokens, parent }) => ({
      text: `${id}${parent ? ` ⊂ ${parent}` : ''}${contextTokens ? ` (${formatShort(contextTokens)})` : ''}`,
    })),
    ...(models.length > 12 ? [{ text: `… ${models.length - 12}`, style: 'muted' as const }] : []),
    ...loaded.map(({ id, bytes, gpuBytes }) => ({
      text: t('deploy.loaded', {
        id,
        bytes: bytes === null ? MISSING : formatBytes(bytes),
        gpu: gpuBytes === null ? MISSING : formatBytes(gpuBytes),
      }),
    })),
  ];
  return packed(parts, width);
}

/** Why there are no numbers. Pure. */
export function silenceLine(sample: ServerSample, since: number | null): Line {
  if (since !== null) {
    return [
      { text: ` ✗ ${t('deploy.unanswered', { time: formatTime(new Date(since).toISOString()) })}`, style: 'bad' },
    ];
  }
  const style = sample.state === 'silent' || sample.state === 'starting' ? 'muted' : 'warn';
  return [{ text: ` ${t(`metrics.state.${sample.state === 'ok' ? 'starting' : sample.state}`)}`, style }];
}
