import { ageSeconds } from '../../fleet/model.ts';
import type { GpuHolder, Place, PlaceGpu, PlaceJob, PlaceServer } from '../../fleet/types.ts';
import { isOver } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes, formatPercent, formatShort } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted } from '../../ui/List.tsx';
import type { Column } from '../../ui/Table.tsx';
import type { Line, Span } from '../../ui/text.ts';
import { MISSING } from '../compare/metrics-lines.ts';
import { jobProgressLine, stateText } from '../progress.ts';
import { ageText, type FactRow, nameOf } from './facts.ts';

const bytes = (value: number | null | undefined): string =>
  value === null || value === undefined ? MISSING : formatBytes(value);
const unknown = (): Span[] => [{ text: t('fleet.unknown'), style: 'muted' }];

/** Machines, with how old what stands in the row is. */
export const placeColumns = (now: number): readonly Column<Place>[] => [
  {
    title: t('fleet.column.host'),
    min: 10,
    max: 28,
    weight: 1,
    cell: (place, { matched }) => highlighted(nameOf(place), matched),
  },
  { title: t('fleet.column.state'), min: 12, cell: stateCell },
  {
    title: t('fleet.column.seen'),
    min: 7,
    align: 'right',
    cell: ({ seenAt }) => [{ text: ageText(ageSeconds(seenAt, now)) || MISSING, style: 'muted' }],
  },
  { title: t('fleet.column.jobs'), min: 4, align: 'right', cell: ({ jobs }) => String(jobs.filter(goesOn).length) },
  { title: t('fleet.column.load'), min: 9, align: 'right', optional: 1, cell: loadText },
  { title: t('fleet.column.gpus'), min: 6, align: 'right', optional: 2, cell: gpuText },
  {
    title: t('fleet.column.memory'),
    min: 8,
    align: 'right',
    optional: 3,
    cell: ({ machine }) => bytes(machine?.value.memoryAvailable),
  },
  { title: t('fleet.column.disk'), min: 8, align: 'right', optional: 4, cell: ({ disk }) => bytes(disk?.value.free) },
];

function stateCell({ reach, drainedAt }: Place): Line {
  if (reach.state === 'lost') {
    return [{ text: t(reach.code === 'network' ? 'fleet.reach.lost' : 'fleet.reach.refused'), style: 'bad' }];
  }
  if (drainedAt !== null) return [{ text: t('fleet.drained'), style: 'warn' }];
  return [{ text: t(`fleet.reach.${reach.state}`), style: reach.state === 'reached' ? 'good' : 'muted' }];
}

const goesOn = ({ view }: PlaceJob): boolean => view === null || !isOver(view.state) || view.far?.open === true;

function loadText({ machine, cores }: Place): string {
  const load = machine?.value.load ?? null;
  if (load === null) return MISSING;
  return cores ? `${load.toFixed(1)}/${cores.value}` : load.toFixed(1);
}

/** `1/2`: held of all. */
function gpuText({ gpus }: Place): string {
  const known = gpus?.value;
  if (known?.state === 'none') return t('fleet.none');
  if (known?.state !== 'ok') return MISSING;
  const held = known.gpus.every(({ holders }) => holders !== null)
    ? String(known.gpus.filter(({ holders }) => holders?.length).length)
    : '?';
  return `${held}/${known.gpus.length}`;
}

export const factColumns = (now: number): readonly Column<FactRow>[] => [
  { title: t('fleet.column.what'), min: 8, cell: ({ name }) => [{ text: name, style: 'muted' }] },
  { title: t('fleet.column.value'), min: 20, weight: 1, cell: ({ value }) => value ?? unknown() },
  {
    title: t('fleet.column.age'),
    min: 7,
    align: 'right',
    cell: ({ at }) => [{ text: ageText(ageSeconds(at, now)), style: 'muted' }],
  },
];

export const gpuColumns = (): readonly Column<PlaceGpu>[] => [
  {
    title: t('fleet.column.gpu'),
    min: 10,
    max: 28,
    weight: 1,
    cell: ({ index, name }) => `${index} ${sanitizeLine(name)}`,
  },
  {
    title: t('fleet.column.busy'),
    min: 5,
    align: 'right',
    cell: ({ busy }) => (busy === null ? MISSING : formatPercent(busy)),
  },
  {
    title: t('fleet.column.memory'),
    min: 17,
    align: 'right',
    cell: ({ memoryUsed, memoryTotal }) => `${bytes(memoryUsed)}/${bytes(memoryTotal)}`,
  },
  { title: t('fleet.column.holder'), min: 12, weight: 2, cell: ({ holders }) => holdersLine(holders) },
];

function holdersLine(holders: readonly GpuHolder[] | null): Line {
  if (holders === null) return unknown();
  if (holders.length === 0) return [{ text: t('fleet.free'), style: 'good' }];
  return holders.flatMap((holder, at): Span[] => [
    ...(at > 0 ? [{ text: ', ' }] : []),
    holder.kind === 'ours'
      ? { text: sanitizeLine(holder.name), style: 'accent' }
      : { text: t('fleet.others', { count: holder.processes }), style: 'warn' },
  ]);
}

export const jobColumns = (place: Place): readonly Column<PlaceJob>[] => [
  {
    title: t('fleet.column.job'),
    min: 16,
    max: 40,
    weight: 1,
    cell: ({ name }, { matched }) => highlighted(sanitizeLine(name), matched),
  },
  { title: t('fleet.column.state'), min: 9, cell: ({ view }) => (view ? stateText(view.state) : MISSING) },
  { title: t('fleet.column.progress'), min: 20, weight: 2, cell: (job, { width }) => progressCell(job, place, width) },
];

/** Why it waits and where in line, how far it is, or why it ended. */
function progressCell({ view, waits, position }: PlaceJob, { reach }: Place, width: number): Line {
  const place = position === null ? '' : t('fleet.position', { position });
  if (waits !== '') return [{ text: sanitizeLine([place, waits].filter(Boolean).join(' · ')), style: 'warn' }];
  if (!view) return [{ text: t('fleet.elsewhere'), style: 'muted' }];
  if (view.state === 'failed' || view.state === 'lost') {
    return [{ text: sanitizeLine(view.error?.message ?? view.reason), style: 'bad' }];
  }
  if (isOver(view.state)) return '';
  // What it says of an unreachable host counts more than its last progress.
  if (reach.state === 'lost' && view.reason) return [{ text: sanitizeLine(view.reason), style: 'warn' }];
  return jobProgressLine(view, width);
}

export const serverColumns = (): readonly Column<PlaceServer>[] => [
  {
    title: t('fleet.column.server'),
    min: 14,
    weight: 1,
    cell: ({ name }, { matched }) => highlighted(sanitizeLine(name), matched),
  },
  { title: t('fleet.column.state'), min: 9, cell: serverState },
  {
    title: t('fleet.column.requests'),
    min: 8,
    align: 'right',
    cell: ({ sample: { figures } }) => `${count(figures?.running)}+${count(figures?.waiting)}`,
  },
  {
    title: t('fleet.column.rate'),
    min: 8,
    align: 'right',
    cell: ({ sample: { figures } }) => count(figures?.generationRate),
  },
];

const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? MISSING : formatShort(value);

function serverState({ sample: { state } }: PlaceServer): Line {
  const good = state === 'ok' || state === 'silent';
  return [{ text: t(`fleet.server.${state}`), style: good ? 'good' : state === 'starting' ? 'accent' : 'bad' }];
}
