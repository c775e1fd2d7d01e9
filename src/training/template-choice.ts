import { RagtuiError } from '../platform/errors.ts';
import { nearNames } from '../platform/near.ts';
import type { Message } from '../rag/types.ts';
import { ChatTemplate } from '../serving/llama/chat-template.ts';
import { engineTurns } from './engine-render.ts';
import { ENGINE_TEMPLATE_NAMES, ENGINE_TEMPLATES, type EngineTemplate } from './llamafactory-templates.ts';
import type { ModelTemplate } from './serving-chat.ts';

/** The template a training uses, and how sure that is before the engine has written its first row. */
export interface TemplateChoice {
  /** LLaMA-Factory's name. */
  readonly name: string;
  /** `compared`: it writes what the model's own does. `unseen`: it was named, and what it writes is not known here. */
  readonly how: 'compared' | 'unseen';
  /** The model's own template takes spaces and line ends off the texts; rows are trained on without them. */
  readonly trims: boolean;
}

const message = (role: Message['role'], content: string): Message => ({ role, content });
const QUESTION = 'Which river?';
const ANSWER = 'The Alder.';

/** Texts as the tutorial's prompt has them: ending in a line end. */
const loose = (system: string): Message[] => [
  message('system', system),
  message('user', `${QUESTION}\n`),
  message('assistant', ANSWER),
];
const tight = (system: string): Message[] => [
  message('system', system.trim()),
  message('user', QUESTION),
  message('assistant', ANSWER),
];
/** What more is compared where several are the same: which system text stands there unasked, and how turns follow. */
const finer = (system: string): Message[][] => [
  [message('user', QUESTION), message('assistant', ANSWER)],
  [...tight(system), message('user', 'And where?'), message('assistant', 'By the mill.')],
];

/**
 * LLaMA-Factory's template for a model: the one that writes conversations as the model's own chat template does, or the
 * one that was asked for. Compared as text, with the system text that will be trained with. Errors: `usage` (no such name),
 * `invalid` (the asked one writes otherwise), `unsupported` (none of those known does).
 */
export function chooseTemplate(model: ModelTemplate, system: string, asked?: string): TemplateChoice {
  const own = rememberingTurns(
    new ChatTemplate(model.source, { all: [], bos: model.special.bos, eos: model.special.eos }),
  );
  const same = (template: EngineTemplate, messages: readonly Message[]) =>
    differenceOf(template, own, model, messages) === undefined;
  const trims = trimsTexts(own, system);
  const first = trims ? tight(system) : loose(system);
  if (asked !== undefined) return { ...checkAsked(asked, own, model, first), trims };
  const more = finer(system);
  const rated = ENGINE_TEMPLATES.filter((template) => same(template, first)).map((template) => ({
    template,
    points: more.filter((messages) => same(template, messages)).length,
  }));
  const [best] = rated.sort((a, b) => b.points - a.points);
  if (best) return { name: best.template.name, how: 'compared', trims };
  throw new RagtuiError(
    'unsupported',
    `No chat template of LLaMA-Factory that is known here writes what ${model.from} does; ${nearest(own, model, first)}.`,
    `Known: ${knownNames()}. Any other by --template NAME: it is checked when the training begins.`,
  );
}

const knownNames = (): string => ENGINE_TEMPLATES.map(({ name }) => name).join(', ');

/** Errors: `usage` for a name that LLaMA-Factory does not have. */
export function checkTemplateName(name: string): void {
  if (ENGINE_TEMPLATE_NAMES.includes(name)) return;
  const [near] = nearNames(name, ENGINE_TEMPLATE_NAMES);
  throw new RagtuiError(
    'usage',
    `LLaMA-Factory has no template "${name}".`,
    near ? `Did you mean ${near}?` : `It has: ${ENGINE_TEMPLATE_NAMES.join(', ')}.`,
  );
}

function checkAsked(
  asked: string,
  own: OwnTurns,
  model: ModelTemplate,
  messages: readonly Message[],
): Pick<TemplateChoice, 'name' | 'how'> {
  checkTemplateName(asked);
  const template = ENGINE_TEMPLATES.find(({ name }) => name === asked);
  if (!template) return { name: asked, how: 'unseen' };
  const difference = differenceOf(template, own, model, messages);
  if (!difference) return { name: asked, how: 'compared' };
  throw new RagtuiError(
    'invalid',
    `The template ${asked} trains on another chat format than ${model.from} is served with: ${inWords(difference)}.`,
    'Leave --template out: the right one is chosen by comparison.',
  );
}

interface Difference {
  readonly at: number;
  readonly trained: string;
  readonly served: string;
}

/** Where the engine's text first differs from the model's own; undefined where they are the same. */
function differenceOf(
  template: EngineTemplate,
  own: OwnTurns,
  { special }: ModelTemplate,
  messages: readonly Message[],
): Difference | undefined {
  const trained = engineTurns(template, messages, special);
  const served = own(messages);
  if (!served) return { at: 0, trained: trained.prompt, served: '' };
  const { prompt, target } = served;
  if (trained.prompt !== prompt) return firstDifference(trained.prompt, prompt);
  if (target !== undefined && sameEnd(trained.target, target, template.endsWithEos ? special.eos : ''))
    return undefined;
  return firstDifference(trained.prompt + trained.target, prompt + (target ?? ''));
}

interface ServedTurns {
  readonly prompt: string;
  /** The answer as the template writes it; undefined where a whole conversation does not begin as its own prompt. */
  readonly target: string | undefined;
}

/** What the model's own template makes of a conversation; undefined where it cannot write it. */
type OwnTurns = (messages: readonly Message[]) => ServedTurns | undefined;

/** The same conversation is compared with dozens of templates: it is written once. */
function rememberingTurns(own: ChatTemplate): OwnTurns {
  const known = new Map<readonly Message[], ServedTurns | undefined>();
  return (messages) => {
    if (!known.has(messages)) known.set(messages, servedTurns(own, messages));
    return known.get(messages);
  };
}

function servedTurns(own: ChatTemplate, messages: readonly Message[]): ServedTurns | undefined {
  try {
    const prompt = textOf(own.render(messages.slice(0, -1)));
    const whole = textOf(own.renderWhole(messages));
    return { prompt, target: whole.startsWith(prompt) ? whole.slice(prompt.length) : undefined };
  } catch {
    return undefined;
  }
}

/** What stands after the end of an answer is never asked for: blanks there, or an end token on one side, do no harm. */
function sameEnd(trained: string, served: string, eos: string): boolean {
  return trained.trimEnd() === served.trimEnd() || (eos !== '' && `${trained.trimEnd()}${eos}` === served.trimEnd());
}

function trimsTexts(own: OwnTurns, system: string): boolean {
  const [untouched, trimmed] = [own(loose(system)), own(tight(system))];
  return untouched !== undefined && untouched.prompt === trimmed?.prompt;
}

function firstDifference(trained: string, served: string): Difference {
  let at = 0;
  while (at < Math.min(trained.length, served.length) && trained[at] === served[at]) at += 1;
  return { at, trained, served };
}

function nearest(own: OwnTurns, model: ModelTemplate, messages: readonly Message[]): string {
  const all = ENGINE_TEMPLATES.flatMap((template) => {
    const difference = differenceOf(template, own, model, messages);
    return difference ? [{ name: template.name, difference }] : [];
  });
  const [best] = all.sort((a, b) => b.difference.at - a.difference.at);
  return best ? `${best.name} comes nearest: ${inWords(best.difference)}` : 'none can write it';
}

/** Both texts around the place, on one line. */
function inWords({ at, trained, served }: Difference): string {
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 12), at + 24));
  return `trained ${around(trained)}, served ${around(served)}`;
}

const textOf = (parts: ReturnType<ChatTemplate['render']>): string =>
  parts.map((part) => ('text' in part ? part.text : part.special)).join('');
