import type { TelemetryHistory } from '../../../stores/telemetry.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import type { Gpu } from '../../platform/telemetry/types.ts';
import type { Percentiles, ServerSample, TelemetrySample } from '../../serving/metrics-types.ts';
import { bar, sparkline } from '../../ui/charts.ts';
import { formatBytes, formatMillis, formatPercent, formatShort } from '../../ui/format.ts';
import { type MessageKey, t } from '../../ui/i18n/index.ts';
import type { Line, Span } from '../../ui/text.ts';
import { MISSING, packed } from './metrics-lines.ts';

const SPARK_CELLS = 10;
const BAR_CELLS = 6;
/** From this share on a bar warns. */
const WARN_AT = 0.9;

const share = (value: number | null): string => (value === null ? MISSING : formatPercent(value));
const count = (value: number | null): string => (value === null ? MISSING : formatShort(value));
const rate = (value: number | null): string =>
  value === null ? MISSING : value < 999.5 ? value.toFixed(1) : formatShort(value);
const bytes = (value: number | null): string => (value === null ? MISSING : formatBytes(value));
const text = (key: MessageKey, values: Readonly<Record<string, string | number>> = {}): Span => ({
  text: t(key, values),
});

/** The servers behind the columns: a name, then what they do. Pure. */
export function serverLines({ servers }: TelemetrySample, history: TelemetryHistory, width: number): readonly Line[] {
  if (servers.length === 0) return [[{ text: ` ${t('metrics.noServers')}`, style: 'muted' }]];
  return servers.flatMap((server) => packed(serverParts(server, history.generation.get(server.url) ?? []), width));
}

function serverParts(server: ServerSample, rates: readonly number[]): readonly Span[] {
  const { figures, state, engine, names, url, restarted, processes, gpuMemory } = server;
  const name: Span = { text: sanitizeLine(names.join(' ') || url), style: 'accent', bold: true };
  const about: Span[] = [
    ...(engine ? [{ text: sanitizeLine(engine), style: 'muted' as const }] : []),
    ...(state === 'ok' ? [] : [{ text: t(`metrics.state.${state}`), style: 'warn' as const }]),
    ...(restarted ? [{ text: t('metrics.restarted'), style: 'warn' as const }] : []),
  ];
  return [
    name,
    ...about,
    ...(figures
      ? [
          text('metrics.running', { count: count(figures.running) }),
          text('metrics.waiting', { count: count(figures.waiting) }),
          text('metrics.kvCache', { share: share(figures.kvCache) }),
          text('metrics.prefixHits', { share: share(figures.prefixHits) }),
          text('metrics.promptRate', { rate: rate(figures.promptRate) }),
          text('metrics.generationRate', { rate: rate(figures.generationRate) }),
          ...sparks(rates),
          ...percentiles('metrics.serverFirst', figures.firstTokenMs),
          ...percentiles('metrics.serverGap', figures.gapMs),
        ]
      : []),
    ...(processes
      ? [
          text('metrics.process', {
            memory: formatBytes(processes.memory),
            cores: processes.cores === null ? MISSING : processes.cores.toFixed(1),
          }),
        ]
      : []),
    ...(gpuMemory === null ? [] : [text('metrics.gpuMemory', { memory: formatBytes(gpuMemory) })]),
  ];
}

const percentiles = (key: MessageKey, value: Percentiles | null): Span[] => [
  text(key, { p50: value ? formatMillis(value.p50) : MISSING, p95: value ? formatMillis(value.p95) : MISSING }),
];

const sparks = (values: readonly number[], max?: number): Span[] =>
  values.filter(Number.isFinite).length > 1
    ? [{ text: sparkline(values, Math.min(SPARK_CELLS, values.length), max), style: 'accent' }]
    : [];

/** Processor, memory and GPUs. Pure. */
export function machineLines(
  { machine, gpus }: TelemetrySample,
  history: TelemetryHistory,
  width: number,
): readonly Line[] {
  const { cpu, cores, load, memoryTotal, memoryAvailable } = machine;
  const used = memoryTotal === null || memoryAvailable === null ? null : memoryTotal - memoryAvailable;
  const parts: Span[] = [
    { text: t('metrics.machine'), style: 'accent', bold: true },
    text('metrics.cpu', { share: share(cpu), cores }),
    ...sparks(history.cpu, 1),
    text('metrics.load', { load: load === null ? MISSING : load.toFixed(2) }),
    text('metrics.memory', { used: bytes(used), total: bytes(memoryTotal) }),
    ...(gpus.state === 'none' ? [{ text: t('metrics.noGpu'), style: 'muted' as const }] : []),
    ...(gpus.state === 'failed'
      ? [{ text: t('metrics.gpuFailed', { reason: sanitizeLine(gpus.reason) }), style: 'warn' as const }]
      : []),
  ];
  const cards = gpus.state === 'ok' ? gpus.gpus : [];
  return [...packed(parts, width), ...cards.flatMap((gpu) => packed(gpuParts(gpu), width))];
}

function gpuParts({
  index,
  name,
  busy,
  memoryUsed,
  memoryTotal,
  temperature,
  power,
  powerLimit,
}: Gpu): readonly Span[] {
  const full = memoryUsed === null || memoryTotal === null || memoryTotal === 0 ? null : memoryUsed / memoryTotal;
  return [
    { text: t('metrics.gpu', { index, name: sanitizeLine(name) }), style: 'accent' },
    text('metrics.gpuBusy', { share: share(busy) }),
    ...(full === null ? [] : [filled(full)]),
    text('metrics.gpuUsed', { used: bytes(memoryUsed), total: bytes(memoryTotal) }),
    ...(temperature === null ? [] : [text('metrics.temperature', { degrees: Math.round(temperature) })]),
    ...(power === null
      ? []
      : [
          text('metrics.power', {
            watts: `${Math.round(power)}${powerLimit === null ? '' : `/${Math.round(powerLimit)}`}`,
          }),
        ]),
  ];
}

function filled(value: number): Span {
  const { filled: full, rest } = bar(value, BAR_CELLS);
  return { text: `${full}${rest}▕`, style: value >= WARN_AT ? 'warn' : 'good' };
}
