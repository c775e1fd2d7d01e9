import type { Fact, Place, PlaceGpus } from '../../fleet/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes, formatDuration, formatPercent } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';

/** One thing that is known of a machine, or that nobody knows. */
export interface FactRow {
  readonly id: string;
  readonly name: string;
  /** Null: unknown. */
  readonly value: string | null;
  readonly at: string | null;
}

/** What a machine is called. */
export const nameOf = ({ id }: Pick<Place, 'id'>): string => (id === '' ? t('fleet.here') : sanitizeLine(id));

/** `4s`, `3m 05s`; '' where nothing is known. */
export function ageText(seconds: number | null): string {
  if (seconds === null) return '';
  return seconds < 60 ? `${seconds}s` : formatDuration(seconds);
}

/** What the machine is and how it does, each with its moment. Pure. */
export function factsOf(place: Place): readonly FactRow[] {
  const { system, slurm, cores, machine, memoryTotal, disk, gpus, engines } = place;
  const row = <T>(name: FactName, fact: Fact<T>, text: (value: T) => string | null): FactRow => {
    const value = fact ? text(fact.value) : null;
    return {
      id: name,
      name: t(`fleet.fact.${name}`),
      value: value === null ? null : sanitizeLine(value),
      at: value === null ? null : (fact?.at ?? null),
    };
  };
  const measured = machine?.value.memoryTotal != null;
  return [
    ...(place.host ? [row('system', system, String)] : []),
    ...(slurm ? [row('slurm', slurm, slurmText)] : []),
    row('cores', cores, String),
    row('cpu', machine, ({ cpu }) => (cpu === null ? null : formatPercent(cpu))),
    row('load', machine, ({ load }) => (load === null ? null : load.toFixed(2))),
    measured
      ? row('memory', machine, ({ memoryTotal: total, memoryAvailable: free }) => freeText(free, total))
      : row('memory', memoryTotal, (total) => formatBytes(total)),
    row('disk', disk, ({ free, total, place: where }) => `${freeText(free, total)} (${where})`),
    row('gpus', gpus, gpusText),
    row('engines', engines, (all) =>
      all.length === 0
        ? t('fleet.none')
        : all.map(({ name, device, version }) => `${name} ${version} (${device})`).join(', '),
    ),
  ];
}

type FactName = 'system' | 'slurm' | 'cores' | 'cpu' | 'load' | 'memory' | 'disk' | 'gpus' | 'engines';

function freeText(free: number | null, total: number | null): string {
  if (free === null) return total === null ? t('fleet.unknown') : formatBytes(total);
  if (total === null) return t('fleet.freeOnly', { free: formatBytes(free) });
  return t('fleet.ofTotal', { free: formatBytes(free), total: formatBytes(total) });
}

/** `23.11.4: gpu (4), debug (down)`; the number is that of nodes. */
function slurmText({ version, problem, partitions }: NonNullable<Place['slurm']>['value']): string {
  if (problem !== '') return problem;
  return `${version}: ${partitions.map(({ name, up, nodes }) => `${name} (${up ? nodes : t('fleet.down')})`).join(', ')}`;
}

/** `2 × NVIDIA H200`; null while nobody knows. */
function gpusText(gpus: PlaceGpus): string | null {
  switch (gpus.state) {
    case 'unknown':
      return null;
    case 'none':
      return t('fleet.none');
    case 'failed':
      return gpus.reason;
    case 'ok': {
      const names = [...new Set(gpus.gpus.map(({ name }) => name))];
      return names.map((name) => `${gpus.gpus.filter((gpu) => gpu.name === name).length} × ${name}`).join(', ');
    }
  }
}
