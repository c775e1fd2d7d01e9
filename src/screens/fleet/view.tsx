import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { ageSeconds } from '../../fleet/model.ts';
import type { Place } from '../../fleet/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { Table } from '../../ui/Table.tsx';
import type { Line } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { askedServerLines } from '../deploy/pool-lines.ts';
import { Placed } from '../Placed.tsx';
import { factColumns, gpuColumns, jobColumns, placeColumns, serverColumns } from './columns.ts';
import { ageText, nameOf } from './facts.ts';
import type { FleetModel } from './screen.tsx';
import { SECTIONS, type Section } from './sections.ts';

export function FleetView({ model, rect, rects, focus }: ScreenViewProps & { readonly model: FleetModel }): ReactNode {
  const { list, detail } = rects;
  return (
    <>
      {list ? (
        <Placed within={rect} rect={list}>
          <PlaceTable model={model} rect={list} focused={focus === 'list'} />
        </Placed>
      ) : null}
      {detail ? (
        <Placed within={rect} rect={detail}>
          <DetailPane model={model} rect={detail} focused={focus === 'detail'} />
        </Placed>
      ) : null}
    </>
  );
}

interface PaneProps {
  readonly model: FleetModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

function PlaceTable({ model, rect, focused }: PaneProps): ReactNode {
  const { places, now, blind } = useStore(model.context.fleet);
  const { width, height } = inside(rect);
  const foot: Line[] = [
    ...(blind ? warnLines(t('fleet.blind', { reason: sanitizeLine(blind).replace(/\.$/, '') }), width) : []),
    ...(places?.length === 1
      ? wrapRows(t('fleet.noHosts'), width - 2).map((text): Line => [{ text: ` ${text}`, style: 'muted' }])
      : []),
  ];
  return (
    <Panel rect={rect} title={t('fleet.list')} note={places ? String(places.length) : ''} focused={focused}>
      <Table
        model={model.list}
        columns={placeColumns(now)}
        width={width}
        height={Math.max(2, height - foot.length)}
        focused={focused}
        empty={t('fleet.looking')}
        emptyFilter={t('kb.noMatch')}
      />
      <Rows lines={foot} width={width} />
    </Panel>
  );
}

const warnLines = (text: string, width: number): Line[] =>
  wrapRows(text, Math.max(2, width - 2))
    .slice(0, 3)
    .map((row): Line => [{ text: ` ${row}`, style: 'warn' }]);

function DetailPane({ model, rect, focused }: PaneProps): ReactNode {
  const { now } = useStore(model.context.fleet);
  useStore(model.list.store);
  useStore(model.jobs.store);
  useStore(model.servers.store);
  const place = model.list.selected();
  const { width, height } = inside(rect);
  const section = model.section();
  const head = place ? headLines(place, now, width) : [];
  const tabs = place ? [tabLine(place, section)] : [];
  const foot = section === 'jobs' ? reasonLines(model, width) : section === 'servers' ? addressLines(model, width) : [];
  const room = Math.max(2, height - head.length - tabs.length - foot.length);
  return (
    <Panel
      rect={rect}
      title={place ? nameOf(place) : t('fleet.detail')}
      note={shownAge(place, section, now)}
      focused={focused}
    >
      <Rows lines={[...tabs, ...head]} width={width} />
      {place ? (
        <SectionTable model={model} place={place} now={now} size={{ width, height: room }} focused={focused} />
      ) : null}
      <Rows lines={foot} width={width} />
    </Panel>
  );
}

/** All of why the job under the cursor waits or ended, which its row has no room for. */
function reasonLines({ jobs }: FleetModel, width: number): Line[] {
  const job = jobs.selected();
  const error = job?.view?.error;
  const text = job?.waits || (error ? `${error.message} ${error.hint}` : (job?.view?.reason ?? ''));
  return text === '' ? [] : warnLines(sanitizeLine(text), width);
}

/** Where the server under the cursor is; of one of a pool or an embedder what our processes asked of it and saw of its vectors. */
const addressLines = ({ servers, context }: FleetModel, width: number): Line[] => {
  const sample = servers.selected()?.sample;
  if (!sample) return [];
  const asked = askedServerLines(sample, width, context.now());
  return asked.length > 0 ? [...asked] : [[{ text: ` ${sanitizeLine(sample.url)}`, style: 'muted' }]];
};

/** How old what is shown is; rows of the machine each tell their own. */
function shownAge(place: Place | undefined, section: Section, now: number): string {
  if (!place || section === 'machine') return '';
  const at = section === 'gpus' ? place.gpus?.at : section === 'servers' ? place.servers?.at : place.seenAt;
  const age = ageText(ageSeconds(at, now));
  return age && t('fleet.seenAgo', { age });
}

/** `Machine  [GPUs 2]  Jobs 1  Servers ?` */
function tabLine({ gpus, jobs, servers }: Place, current: Section): Line {
  const counts: Readonly<Record<Section, string>> = {
    machine: '',
    gpus: gpus?.value.state === 'ok' ? ` ${gpus.value.gpus.length}` : gpus?.value.state === 'none' ? ' 0' : ' ?',
    jobs: ` ${jobs.length}`,
    servers: servers ? ` ${servers.value.length}` : ' ?',
  };
  return SECTIONS.flatMap((section) => [
    { text: ' ' },
    {
      text: ` ${t(`fleet.section.${section}`)}${counts[section]} `,
      style: section === current ? ('selection' as const) : ('muted' as const),
      bold: section === current,
    },
  ]);
}

/** Since when it cannot be reached, and since when it takes no jobs. */
function headLines({ reach, drainedAt }: Place, now: number, width: number): Line[] {
  const lines: Line[] = [];
  if (reach.state === 'lost') {
    const key = reach.code === 'network' ? 'fleet.since' : 'fleet.refusesSince';
    const ago = ageText(ageSeconds(reach.since, now));
    const reason = sanitizeLine(`${reach.message} ${reach.hint}`.trim());
    lines.push(...warnLines(t(key, { time: formatTime(reach.since, new Date(now)), ago, reason }), width));
  }
  if (drainedAt !== null) {
    lines.push(...warnLines(t('fleet.drainedSince', { time: formatTime(drainedAt, new Date(now)) }), width));
  }
  return lines;
}

function SectionTable({
  model,
  place,
  now,
  size,
  focused,
}: {
  readonly model: FleetModel;
  readonly place: Place;
  readonly now: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly focused: boolean;
}): ReactNode {
  const shared = { ...size, focused, emptyFilter: t('kb.noMatch') };
  switch (model.section()) {
    case 'machine':
      return <Table model={model.machine} columns={factColumns(now)} {...shared} empty="" />;
    case 'gpus':
      return <Table model={model.gpus} columns={gpuColumns()} {...shared} empty={gpusEmpty(place)} />;
    case 'jobs':
      return <Table model={model.jobs} columns={jobColumns(place)} {...shared} empty={t('fleet.empty.jobs')} />;
    case 'servers':
      return (
        <Table
          model={model.servers}
          columns={serverColumns()}
          {...shared}
          empty={t(place.servers ? 'fleet.empty.servers' : 'fleet.unknownServers')}
        />
      );
  }
}

function gpusEmpty({ gpus }: Place): string {
  const known = gpus?.value ?? { state: 'unknown' as const };
  if (known.state === 'failed') return sanitizeLine(known.reason);
  return t(known.state === 'none' ? 'fleet.empty.gpus' : 'fleet.unknownGpus');
}
