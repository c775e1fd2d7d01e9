import { MAPPED_FIELDS } from '../../datasets/importers/column-map.ts';
import type { DatasetKind } from '../../datasets/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { Line } from '../../ui/text.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { fileName } from '../hits.ts';
import { EXTRA_FORMATS } from './formats.ts';
import { run } from './run.ts';

/** What the person has chosen for the file that is looked at; the rest is found by its content. */
let typedName: string | null = null;

export function startImport(context: ScreenContext, file: string): void {
  typedName = null;
  context.ui.getState().open({ kind: 'modal', id: 'datasets.import' });
  void context.datasets.getState().look({ op: 'preview', file });
}

const nameOf = (file: string): string =>
  typedName ?? fileName(file.replace(/^hub:/, '')).replace(/\.(?:[A-Za-z]+\.gz|[A-Za-z]+)$/, '');

/** The lines of the form; the first one imports. */
export function importFields(context: ScreenContext): readonly FormField[] {
  const { datasets, ui } = context;
  const { preview } = datasets.getState();
  if (!preview) return [];
  const { task, found } = preview;
  const plan = found?.plan;
  const kind = task.kind ?? plan?.kind;
  const map = task.map ?? plan?.map;
  const again = (change: Partial<typeof task>): void => void datasets.getState().look({ ...task, ...change });
  return [
    {
      id: 'go',
      title: t('datasets.action.import'),
      value: task.file.startsWith('hub:') ? sanitizeLine(task.file) : fileName(task.file),
      note: found
        ? `${formatBytes(found.bytes)} · ${found.container} · ${found.encoding}${found.files > 1 ? ` · ${t('datasets.files', { count: found.files })}` : ''}`
        : '',
      change: () => {
        ui.getState().close();
        const { op: _, ...wish } = task;
        run(context, { op: 'import', ...wish, name: nameOf(task.file) });
      },
    },
    {
      id: 'name',
      title: t('datasets.column.name'),
      value: nameOf(task.file),
      change: () =>
        ui.getState().prompt({
          title: t('datasets.importName'),
          initial: nameOf(task.file),
          submit: (name) => {
            if (name.trim() !== '') typedName = name.trim();
            datasets.setState({});
          },
        }),
    },
    {
      id: 'format',
      title: t('datasets.field.format'),
      value: task.format ?? plan?.format ?? t('datasets.format.auto'),
      note: task.format === undefined && plan?.detected ? t('datasets.detected') : '',
      ...(task.format === undefined ? {} : { tone: 'changed' as const }),
      change: () =>
        ui.getState().choose({
          title: t('datasets.chooseFormat', { file: fileName(task.file) }),
          choices: EXTRA_FORMATS(),
          selected: task.format ?? 'auto',
          pick: (format) => {
            const { format: _f, map: _m, kind: _k, ...rest } = task;
            void datasets.getState().look(format === 'auto' ? rest : { ...rest, format });
          },
        }),
    },
    {
      id: 'kind',
      title: t('datasets.column.kind'),
      value: kind ?? '–',
      note: kind ? t(`datasets.kind.${kind}`) : '',
      ...(task.kind === undefined ? {} : { tone: 'changed' as const }),
      change: () =>
        ui.getState().choose({
          title: t('datasets.column.kind'),
          choices: KINDS.map((id) => ({ id, title: id, note: t(`datasets.kind.${id}`) })),
          selected: kind ?? 'qa',
          pick: (id) => {
            const picked = KINDS.find((one) => one === id) ?? 'qa';
            const guess = found?.maps[picked];
            const { map: _, ...rest } = task;
            void datasets.getState().look({ ...rest, kind: picked, ...(map && guess ? { map: guess } : {}) });
          },
        }),
    },
    ...(map && kind && found
      ? MAPPED_FIELDS[kind].map(
          ({ name, needed }): FormField => ({
            id: `map.${name}`,
            title: `  ${name}`,
            value: map[name] ?? '–',
            note: found.columns.find((column) => column.name === map[name])?.sample.slice(0, 60) ?? '',
            ...(needed && map[name] === undefined ? { tone: 'missing' as const } : {}),
            change: () =>
              ui.getState().choose({
                title: t('datasets.chooseColumn', { field: name }),
                choices: [
                  ...(needed ? [] : [{ id: '', title: '–' }]),
                  ...found.columns.map((column) => ({
                    id: column.name,
                    title: sanitizeLine(column.name),
                    note: sanitizeLine(column.sample).slice(0, 60),
                  })),
                ],
                selected: map[name] ?? '',
                pick: (column) => {
                  const { [name]: _, ...others } = map;
                  again({ kind, map: column === '' ? others : { ...others, [name]: column } });
                },
              }),
          }),
        )
      : []),
  ];
}

const KINDS = ['qa', 'sft', 'retrieval', 'preference'] as const satisfies readonly DatasetKind[];

/** What the first rows will be, or what stands against it. */
export function previewLines({ datasets }: ScreenContext): Line[] {
  const { preview } = datasets.getState();
  if (!preview) return [];
  const { found, error, task } = preview;
  if (task.file.startsWith('hub:')) return [[{ text: ` ${t('datasets.hubNote')}`, style: 'muted' }]];
  if (error) return [[{ text: ` ✗ ${sanitizeLine(`${error.message} ${error.hint}`)}`, style: 'bad' }]];
  if (!found) return [[{ text: ` ${t('datasets.task.preview')}…`, style: 'accent' }]];
  if (found.problem) {
    return [
      [{ text: ` ✗ ${sanitizeLine(found.problem.message)}`, style: 'bad' }],
      [{ text: `   ${sanitizeLine(found.problem.hint)}`, style: 'muted' }],
      ...found.columns.map(
        (one): Line => [{ text: ` ${sanitizeLine(one.name)} `, style: 'accent' }, { text: sanitizeLine(one.sample) }],
      ),
    ];
  }
  return found.rows.flatMap(({ line, row, problem }): Line[] => {
    if (problem !== undefined) return [[{ text: ` ${line}: ${sanitizeLine(problem)}`, style: 'warn' }]];
    const entries = typeof row === 'object' && row !== null ? Object.entries(row) : [];
    const shown = entries.filter(
      ([name]) => name !== 'id' && name !== 'contextId' && name !== 'form' && name !== 'metadata',
    );
    return [
      shown
        .sort(([a], [b]) => Number(a === 'context') - Number(b === 'context'))
        .flatMap(([name, value]) => [
          { text: ` ${name} `, style: 'muted' as const },
          { text: sanitizeLine(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 90) },
        ]),
    ];
  });
}
