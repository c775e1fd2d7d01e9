import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import { fieldLine } from '../form.ts';
import { previewLines } from './import-form.ts';
import type { DatasetsModel } from './model.ts';

/** What lies over the datasets screen: a file before it is imported, what an export wrote, what differs. */
export function datasetModals(model: DatasetsModel): readonly ModalDefinition[] {
  return [
    {
      id: 'datasets.import',
      title: () => t('datasets.importTitle'),
      width: 118,
      height: 30,
      view: (props) => <ImportView model={model} {...props} />,
      target: () => model.fields,
      actions: bindActions(importActions, () => model),
    },
    {
      id: 'datasets.report',
      title: () => t('datasets.exportDone'),
      width: 118,
      height: 18,
      view: ({ rect }) => <StreamView model={model.report} width={rect.width} height={rect.height} />,
      target: () => model.report,
      actions: [],
    },
    model.diff.definition,
  ];
}

const importActions: readonly Action<DatasetsModel>[] = [
  {
    id: 'datasets.import.take',
    title: 'Take',
    help: 'On the first line: imports the file. On another: changes it.',
    keys: ['enter'],
    rank: 1,
    when: ({ context, fields }) => {
      const { preview } = context.datasets.getState();
      if (fields.selected()?.id !== 'go') return true;
      if (preview?.task.file.startsWith('hub:')) return true;
      if (preview?.error) return preview.error.message;
      if (!preview?.found) return t('datasets.why.looking');
      return preview.found.problem ? preview.found.problem.message : true;
    },
    run: ({ fields }) => fields.selected()?.change(),
  },
];

function ImportView({ model, rect }: ModalViewProps & { readonly model: DatasetsModel }): ReactNode {
  useStore(model.context.datasets);
  const { width, height } = rect;
  const above = Math.min(model.fields.rows().length, Math.max(4, height - 8));
  const lines = previewLines(model.context);
  return (
    <Box flexDirection="column" width={width} height={height}>
      <List model={model.fields} width={width} height={above} render={fieldLine} empty="" />
      <Row
        line={[{ text: `─ ${t('datasets.firstRows')} ${'─'.repeat(width)}`.slice(0, width), style: 'border' }]}
        width={width}
      />
      <Rows lines={lines} width={width} height={Math.max(0, height - above - 1)} />
    </Box>
  );
}
