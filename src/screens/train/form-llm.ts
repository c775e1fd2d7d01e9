import { nearNames } from '../../platform/near.ts';
import { ENGINE_TEMPLATE_NAMES, ENGINE_TEMPLATES } from '../../training/llamafactory-templates.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { askNumber, hasGpu } from './form-parts.ts';
import { offeredNames } from './form-settings.ts';

const AUTOMATIC = '';
/** No template has a name with a sign. */
const OTHER = '+';
const MOST_GPUS = 64;

/** How an LLM's conversations are written, and which system text stands before them. */
export function llmFields(context: ScreenContext): FormField[] {
  const { form, configure } = context.training.getState();
  const { system } = form;
  return [
    templateField(context),
    {
      id: 'system',
      title: t('train.field.system'),
      about: t('training.about.system'),
      value: system ?? t('train.system.rows'),
      ...(system === null ? {} : { tone: 'changed' as const, reset: () => configure({ system: null }) }),
      change: () =>
        context.ui.getState().prompt({
          title: t('train.field.system'),
          text: `${t('training.about.system')}\n${t('train.system.help')}`,
          initial: system ?? '',
          submit: (text) => configure({ system: text.trim() === '' ? null : text.trim() }),
        }),
    },
  ];
}

function templateField(context: ScreenContext): FormField {
  const { form, plan, reading, configure } = context.training.getState();
  const { template } = form;
  const found = plan?.template;
  const note =
    found === undefined
      ? t(reading ? 'train.template.reading' : 'train.template.later')
      : t(template === null ? 'train.template.found' : `train.template.named.${found.how}`);
  return {
    id: 'template',
    title: t('train.field.template'),
    about: t('training.about.template'),
    value: template ?? found?.name ?? t('train.automatic'),
    note,
    ...(template === null ? {} : { tone: 'changed' as const, reset: () => configure({ template: null }) }),
    change: () => chooseTemplate(context),
  };
}

function chooseTemplate(context: ScreenContext): void {
  const { ui, training } = context;
  const { form, plan, configure } = training.getState();
  const found = form.template === null ? plan?.template : undefined;
  ui.getState().choose({
    title: t('train.field.template'),
    choices: [
      {
        id: AUTOMATIC,
        title: t('train.automatic'),
        note: found ? t(`train.template.${found.how}`, { name: found.name }) : t('train.template.byComparison'),
      },
      { id: OTHER, title: t('train.template.other'), note: t('train.template.otherNote') },
      ...ENGINE_TEMPLATES.map(({ name }) => ({ id: name, title: name })),
    ],
    selected: form.template ?? AUTOMATIC,
    pick: (id) => {
      if (id === OTHER) askTemplate(context);
      else configure({ template: id === AUTOMATIC ? null : id });
    },
  });
}

function askTemplate({ ui, training }: ScreenContext): void {
  const { form, configure } = training.getState();
  ui.getState().prompt({
    title: t('train.field.template'),
    text: t('train.template.otherNote'),
    initial: form.template ?? '',
    submit: (text) => {
      const name = text.trim();
      if (name === '') return configure({ template: null });
      if (ENGINE_TEMPLATE_NAMES.includes(name)) return configure({ template: name });
      const offered = [
        ...new Set([...nearNames(name, ENGINE_TEMPLATE_NAMES), ...offeredNames(name, ENGINE_TEMPLATE_NAMES)]),
      ];
      if (offered.length === 0) return ui.getState().toast(t('train.template.none', { name }), 'warn');
      ui.getState().choose({
        title: t('train.template.none', { name }),
        choices: offered.map((id) => ({ id, title: id })),
        pick: (id) => configure({ template: id }),
      });
    },
  });
}

/** How many GPUs it gets; nothing where the engine runs on the CPU, unless some were asked for. */
export function gpuFields(context: ScreenContext): FormField[] {
  const { form, configure } = context.training.getState();
  const { kind, gpus } = form;
  if (!hasGpu(context, kind) && gpus === null) return [];
  return [
    {
      id: 'gpus',
      title: t('train.field.gpus'),
      about: t('training.about.gpus'),
      value: String(gpus ?? 1),
      ...(gpus === null ? {} : { tone: 'changed' as const, reset: () => configure({ gpus: null }) }),
      change: () =>
        askNumber(context, {
          title: t('train.field.gpus'),
          text: t('training.about.gpus'),
          initial: gpus,
          problem: (value) =>
            Number.isInteger(value) && value <= MOST_GPUS
              ? undefined
              : t('train.outOfRange', {
                  name: t('train.field.gpus'),
                  range: t('train.range', { min: 1, max: MOST_GPUS }),
                }),
          take: (value) => configure({ gpus: value }),
        }),
    },
  ];
}
