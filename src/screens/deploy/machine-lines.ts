import type { MachineField } from '../../../stores/deploy-types.ts';
import type { History } from '../../../stores/history.ts';
import type { JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import type { Gpu, GpuProcess } from '../../platform/telemetry/types.ts';
import type { TelemetrySample } from '../../serving/metrics-types.ts';
import { bar, sparkline } from '../../ui/charts.ts';
import { formatBytes, formatPercent } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Line, pad, type Span } from '../../ui/text.ts';
import { MISSING, packed } from '../compare/metrics-lines.ts';
import { resampled } from './live-lines.ts';

const LABEL_CELLS = 9;
const BAR_CELLS = 10;
/** From this share on a bar warns. */
const WARN_AT = 0.9;

const bytes = (value: number | null): string => (value === null ? MISSING : formatBytes(value));
const share = (value: number | null): string => (value === null ? MISSING : formatPercent(value));

/** GPUs with what runs on them, then the host; where there is no GPU, why, and the host alone. Pure. */
export function machinePanel(
  { gpus, machine, servers }: TelemetrySample,
  history: History<MachineField>,
  width: number,
  now: number,
  jobs: readonly JobView[] = [],
): readonly Line[] {
  const spark = (field: MachineField): readonly number[] => history.values(field, now);
  const used =
    machine.memoryTotal === null || machine.memoryAvailable === null
      ? null
      : machine.memoryTotal - machine.memoryAvailable;
  const host: Line[] = [
    gauge(t('deploy.machine.cpu'), machine.cpu, `${share(machine.cpu)} × ${machine.cores}`, spark('cpu'), width),
    gauge(
      t('deploy.machine.memory'),
      used === null || !machine.memoryTotal ? null : used / machine.memoryTotal,
      `${bytes(used)} / ${bytes(machine.memoryTotal)}`,
      spark('memory'),
      width,
    ),
    ...servers.flatMap(({ processes, names, job }): Line[] =>
      processes && job
        ? [
            ...packed(
              [
                { text: sanitizeLine(names[0] ?? job), style: 'accent' },
                {
                  text: t('metrics.process', {
                    memory: formatBytes(processes.memory),
                    cores: processes.cores === null ? MISSING : processes.cores.toFixed(1),
                  }),
                },
                { text: t('deploy.machine.processes', { count: processes.processes }), style: 'muted' },
              ],
              width,
            ),
          ]
        : [],
    ),
  ];
  switch (gpus.state) {
    case 'unknown':
      return [[{ text: ` ${t('deploy.machine.asking')}`, style: 'muted' }], ...host];
    case 'none':
      return [[{ text: ` ${t('deploy.machine.noGpu')}`, style: 'muted' }], ...host];
    case 'failed':
      return [
        [{ text: ` ! ${t('deploy.machine.failed', { reason: sanitizeLine(gpus.reason) })}`, style: 'warn' }],
        ...host,
      ];
    case 'ok':
      return [
        ...gpus.gpus.flatMap((gpu) => [
          ...gpuLines(gpu, spark, width),
          ...gpus.processes.filter((one) => one.gpu === gpu.uuid).flatMap((one) => processLines(one, jobs, width)),
        ]),
        ...host,
      ];
  }
}

function gpuLines(gpu: Gpu, spark: (field: MachineField) => readonly number[], width: number): readonly Line[] {
  const { index, name, busy, memoryUsed, memoryTotal, temperature, power, powerLimit } = gpu;
  const watts =
    power === null ? MISSING : `${Math.round(power)}${powerLimit === null ? '' : `/${Math.round(powerLimit)}`}`;
  return [
    [
      { text: ` GPU ${index} `, style: 'accent', bold: true },
      { text: sanitizeLine(name) },
      { text: `  ${temperature === null ? MISSING : Math.round(temperature)} °C  ${watts} W`, style: 'muted' },
    ],
    gauge(t('deploy.machine.busy'), busy, share(busy), spark(`gpu ${index}`), width),
    gauge(
      t('deploy.machine.memory'),
      memoryUsed === null || !memoryTotal ? null : memoryUsed / memoryTotal,
      `${bytes(memoryUsed)} / ${bytes(memoryTotal)}`,
      spark(`gpu memory ${index}`),
      width,
    ),
  ];
}

/** `train fin-llm-1 · 12.3 GB · pid 4711`: whose it is, where a job of ours has it. */
function processLines({ pid, memory, owner }: GpuProcess, jobs: readonly JobView[], width: number): readonly Line[] {
  const job = owner === undefined ? undefined : jobs.find((one) => one.pid === owner);
  return packed(
    [
      job
        ? { text: sanitizeLine(job.spec.name), style: 'accent' }
        : { text: t('deploy.machine.stranger'), style: 'muted' },
      { text: bytes(memory) },
      { text: `pid ${pid}`, style: 'muted' },
    ],
    width,
  );
}

/** Label, bar, value, and the last minutes where there is room. A share that is missing has no bar. */
function gauge(label: string, value: number | null, text: string, values: readonly number[], width: number): Line {
  const { filled, rest } = bar(value ?? 0, BAR_CELLS);
  const before: Span[] = [
    { text: ` ${pad(label, LABEL_CELLS)}`, style: 'muted' },
    ...(value === null
      ? [{ text: ' '.repeat(BAR_CELLS + 1) }]
      : [
          { text: filled, style: value >= WARN_AT ? ('warn' as const) : ('good' as const) },
          { text: `${rest}▕`, style: 'border' as const },
        ]),
    { text: ` ${pad(text, 18)} ` },
  ];
  const cells = width - 1 - LABEL_CELLS - BAR_CELLS - 1 - 20 - 1;
  return cells < 4 ? before : [...before, { text: sparkline(resampled(values, cells), cells, 1), style: 'accent' }];
}
