import { listAdapters, tunedModels } from '../models/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { findPrompt, type PromptTemplate, parsePromptName, type TemplateText } from './prompts.ts';

/**
 * A prompt as one LLM is asked with it: what was tuned here gets, in the prompt it was tuned for, the system text of its
 * training rows. `PROMPT@TUNE` gives every LLM the one of that tune: a base beside it is then asked alike. Errors: those
 * of `findPrompt`.
 */
export function promptFor(
  paths: WorkspacePaths,
  name: string,
  llm: string,
  own?: Readonly<Record<string, TemplateText>>,
): PromptTemplate {
  const template = findPrompt(paths, name, own);
  const { tune = llm } = parsePromptName(name);
  // `NAME`, or `NAME@ENGINE`.
  const is = (tuned: string) => tune === tuned || tune.startsWith(`${tuned}@`);
  const [, model] = [...tunedModels(paths)].find(([id]) => is(id)) ?? [];
  const trainedSystem = (model ?? listAdapters(paths).find(({ name }) => is(name)))?.templateSystem;
  // Of an adapter that was brought in it may not be known.
  if (!trainedSystem) return template;
  return { name: template.name, build: (input) => template.build({ trainedSystem, ...input }) };
}
