import { listAdapters, tunedModels } from '../models/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { findPrompt, type PromptTemplate, type TemplateText } from './prompts.ts';

/**
 * A prompt as one LLM is asked with it: what was tuned here gets, in the prompt it was tuned for, the system text of its
 * training rows. Errors: those of `findPrompt`.
 */
export function promptFor(
  paths: WorkspacePaths,
  name: string,
  llm: string,
  own?: Readonly<Record<string, TemplateText>>,
): PromptTemplate {
  const template = findPrompt(paths, name, own);
  // `NAME`, or `NAME@ENGINE`.
  const is = (tuned: string) => llm === tuned || llm.startsWith(`${tuned}@`);
  const [, model] = [...tunedModels(paths)].find(([id]) => is(id)) ?? [];
  const trainedSystem = (model ?? listAdapters(paths).find(({ name }) => is(name)))?.templateSystem;
  // Of an adapter that was brought in it may not be known.
  if (!trainedSystem) return template;
  return { name: template.name, build: (input) => template.build({ trainedSystem, ...input }) };
}
