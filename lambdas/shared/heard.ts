/** What the entitlement hook says to a question, where one is configured and its answer could make a difference. */
import { required } from '../../lib/contract/env.ts';
import type { HookAnswer } from '../../lib/contract/hook.ts';
import { decide, type EntitlementQuestion } from './entitlement.ts';
import type { Hook } from './hook.ts';
import { loadSigner } from './signing.ts';

/** The rows of the table that the hook stands before. */
const OPEN = new Set(['grant', 'device', 'denied']);

let made: { readonly url: string; readonly hook: Hook } | undefined;

/** Undefined: there is no hook, or what decides comes before it. */
export async function heard(question: EntitlementQuestion): Promise<HookAnswer | 'silent' | undefined> {
  const url = process.env['HOOK_URL'];
  if (url === undefined || !OPEN.has(decide({ ...question, hook: undefined }).reason)) return undefined;
  if (made?.url !== url) {
    // Who has no hook need not load it.
    const { Hook } = await import('./hook.ts');
    const allowPrivate = process.env['HOOK_PRIVATE'] === 'yes';
    const keys = async () => (await loadSigner()).tokens;
    made = { url, hook: new Hook({ url, allowPrivate, publicUrl: required('PUBLIC_URL'), keys }) };
  }
  return await made.hook.ask(question);
}
