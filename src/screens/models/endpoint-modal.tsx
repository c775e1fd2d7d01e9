import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { type EndpointForm, missingOf } from '../../../stores/endpoints.ts';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { findPreset } from '../../models/presets.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatMillis } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { useSpinner } from '../../ui/Meters.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import { shownStatus } from '../../ui/status.ts';
import type { Line } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import type { ScreenContext } from '../context.ts';
import { type FormField, fieldLine } from '../form.ts';
import { ENDPOINT_MODAL, endpointFields } from './endpoint-form.ts';

interface EndpointModal {
  readonly context: ScreenContext;
  readonly fields: ListModel<FormField>;
}

const REASONS = { url: 'models.why.url', model: 'models.why.model', name: 'models.why.name' } as const;

/** The form of a server: where, with which key, which model; tried with one real request, then saved. */
export function createEndpointModal(context: ScreenContext): ModalDefinition {
  let cache: { form: EndpointForm | null; keys: unknown; fields: readonly FormField[] } | undefined;
  const fields = createListModel<FormField>({
    items: () => {
      const { form, keys } = context.endpoints.getState();
      if (cache?.form !== form || cache.keys !== keys) cache = { form, keys, fields: endpointFields(context) };
      return cache.fields;
    },
    key: ({ id }) => id,
  });
  const modal: EndpointModal = { context, fields };
  context.endpoints.subscribe(({ form }, before) => {
    if (form?.error?.code === 'permission' && form.error !== before.form?.error) fields.select('key');
    // From field to field: the cursor goes to what is missing next.
    if (!form || form.endpoint === before.form?.endpoint) return;
    const missing = missingOf(form);
    if (!before.form) fields.select(missing === 'model' ? 'key' : (missing ?? 'url'));
    else if (missing) fields.select(missing);
  });
  return {
    id: ENDPOINT_MODAL,
    title: () => t(context.endpoints.getState().form?.isNew === false ? 'models.changeServer' : 'models.addServer'),
    width: 92,
    height: 20,
    view: (props) => <EndpointModalView modal={modal} {...props} />,
    target: () => fields,
    actions: bindActions(formActions, () => modal),
    onClose: () => context.endpoints.getState().close(),
  };
}

const formOf = ({ context }: EndpointModal): EndpointForm | null => context.endpoints.getState().form;

/** `true`, or what is missing. */
function complete(modal: EndpointModal): true | string {
  const form = formOf(modal);
  const missing = form ? missingOf(form) : 'url';
  if (missing) return t(REASONS[missing]);
  return form?.working ? t('models.why.working') : true;
}

const formActions: readonly Action<EndpointModal>[] = [
  {
    id: 'models.form.change',
    title: 'Change',
    help: 'Changes the value under the cursor; of the model: asks the server for its list.',
    keys: ['enter'],
    rank: 1,
    run: ({ fields }) => fields.selected()?.change(),
  },
  {
    id: 'models.form.test',
    title: 'Test',
    help: 'Makes one small real request to the server.',
    keys: ['t'],
    rank: 2,
    command: 'ragtui models check NAME --request',
    when: complete,
    // The form shows how it goes: keys stay free, Esc leaves.
    run: ({ context }) => void context.endpoints.getState().test(),
  },
  {
    id: 'models.form.save',
    title: 'Save',
    help: 'Keeps the server; a typed key goes to where it was chosen to be kept.',
    keys: ['s'],
    rank: 3,
    command: 'ragtui models add NAME --url URL --model M',
    when: complete,
    run: async (modal) => {
      const { endpoints, ui } = modal.context;
      const form = formOf(modal);
      if (!form || !(await endpoints.getState().save())) return;
      ui.getState().close();
      ui.getState().toast(
        t(form.trial ? 'models.serverSaved' : 'models.serverSavedUntried', { name: form.endpoint.name }),
        'good',
      );
    },
  },
];

function EndpointModalView({ modal, rect }: ModalViewProps & { readonly modal: EndpointModal }): ReactNode {
  const form = useStore(modal.context.endpoints, (state) => state.form);
  useStore(modal.context.endpoints, (state) => state.keys);
  useStore(modal.fields.store);
  const { width, height } = rect;
  const rows = Math.min(modal.fields.rows().length, Math.max(3, height - 4));
  return (
    <Box flexDirection="column" width={width} height={height}>
      <List model={modal.fields} width={width} height={rows} focused render={(field) => fieldLine(field)} empty="" />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      {form ? <FormState form={form} width={width} height={height - rows - 1} /> : null}
    </Box>
  );
}

interface StateProps {
  readonly form: EndpointForm;
  readonly width: number;
  readonly height: number;
}

function FormState({ form, width, height }: StateProps): ReactNode {
  const spinner = useSpinner(form.working !== null);
  const lines = form.working
    ? wrapped(
        `${spinner} ${t(`models.working.${form.working}`)}${form.status ? `: ${shownStatus(form.status)}` : ''}`,
        'accent',
        width,
      )
    : stateLines(form, width);
  return <Rows lines={lines} width={width} height={height} />;
}

function stateLines(form: EndpointForm, width: number): Line[] {
  const { error, trial, endpoint } = form;
  if (error) {
    // A key is given right here, not by the command the hint names.
    const keyless = error.code === 'permission';
    const next = keyless ? t('models.next.key') : form.endpoint.model === '' ? t('models.next.type') : '';
    return wrapped(['✗', error.message, keyless ? '' : error.hint, next].filter(Boolean).join(' '), 'bad', width);
  }
  if (trial) {
    const said =
      trial.dimension === null
        ? t('models.trial.said', { text: trial.text.slice(0, 80) || '∅' })
        : t('models.trial.vectors', { dimension: trial.dimension });
    const facts = [
      said,
      trial.firstTokenMs === null
        ? formatMillis(trial.totalMs)
        : t('models.trial.first', { time: formatMillis(trial.firstTokenMs) }),
      trial.usage
        ? t('models.trial.tokens', { prompt: trial.usage.promptTokens, answer: trial.usage.completionTokens })
        : '',
      trial.cost ? `${trial.cost.amount.toPrecision(2)} ${trial.cost.currency}` : '',
    ];
    return wrapped(`✓ ${facts.filter(Boolean).join(' · ')}`, 'good', width);
  }
  const missing = missingOf(form);
  const note = findPreset(endpoint.preset)?.note ?? '';
  return [
    ...wrapped(missing ? t('models.next', { what: t(REASONS[missing]) }) : t('models.next.test'), 'muted', width),
    ...(note ? wrapped(note, 'warn', width) : []),
  ];
}

const wrapped = (text: string, style: StyleName, width: number): Line[] =>
  wrapRows(sanitizeLine(text), width - 2).map((row): Line => [{ text: ` ${row}`, style }]);
