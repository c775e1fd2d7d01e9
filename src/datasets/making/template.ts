import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadSettings } from '../../platform/config.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { findPrompt, ownTemplate, type PromptTemplate, parseTemplate } from '../../rag/prompts.ts';
import type { SftTemplate } from './types.ts';

/**
 * A prompt by name (built in, from the settings, or a file beside them), or from a file of the user's: its text becomes
 * part of the work, so that a later change of the file changes nothing that was made. Errors: `not-found`, `invalid`.
 */
export function chooseTemplate(paths: WorkspacePaths, wish: string): SftTemplate {
  const isFile = wish.includes(path.sep) || wish.endsWith('.txt');
  if (isFile) {
    if (!existsSync(wish)) throw new RagtuiError('not-found', `There is no file ${wish}.`, 'Name a prompt or a file.');
    const template = { name: path.parse(wish).name, text: parseTemplate(readText(wish)) };
    templateOf(paths, template);
    return template;
  }
  const { prompts } = loadSettings(paths.configFile).settings;
  const own = Object.hasOwn(prompts, wish) ? prompts[wish] : undefined;
  // A prompt file beside the settings: its text, too, is taken as it is now.
  const beside = path.join(path.dirname(paths.configFile), 'prompts', `${path.basename(wish)}.txt`);
  const text = own ?? (existsSync(beside) ? parseTemplate(readText(beside)) : null);
  const builtIn = BUILT_IN.includes(wish);
  const template = { name: wish, text: builtIn ? null : text };
  templateOf(paths, template);
  return template;
}

const BUILT_IN: readonly string[] = ['sft', 'tutorial', 'default'];

/** The prompt itself. It renders one context as one passage: what the same prompt sends when the gold passage is given. */
export function templateOf(paths: WorkspacePaths, { name, text }: SftTemplate): PromptTemplate {
  return text === null ? findPrompt(paths, name) : ownTemplate(name, text);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw toRagtuiError(error);
  }
}
