/** The entitlement hook: who decides is told of it, and nobody where there is none. */
import { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { Devices } from '../../../lib/constructs/devices.ts';
import { mp4s } from '../../../lib/constructs/mp4s.ts';
import { Playback } from '../../../lib/constructs/playback.ts';
import { Presence } from '../../../lib/constructs/presence.ts';
import { Sharing } from '../../../lib/constructs/sharing.ts';
import { SigningKey } from '../../../lib/constructs/signing-key.ts';
import { stageScope } from './stage.ts';

interface Fn {
  readonly Properties: { readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> } };
}

/** What each function is told of the hook, by the beginning of its logical id. */
function told(overrides: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { stack, ...props } = stageScope(overrides);
  const signingKey = new SigningKey(stack, 'SigningKey', props.config);
  const presence = new Presence(stack, 'Presence', props);
  const queue = mp4s(stack, props);
  new Playback(stack, 'Playback', { ...props, presence, signingKey, downloads: queue });
  new Sharing(stack, 'Sharing', { ...props, signingKey, removals: queue });
  new Devices(stack, 'Devices', { ...props, signingKey });
  const functions = Object.entries(
    Template.fromStack(stack).findResources('AWS::Lambda::Function') as Record<string, Fn>,
  );
  return Object.fromEntries(
    ['PlaybackManifest', 'DevicesLive', 'SharingHandler', 'DevicesHandler'].map((name) => {
      const [, fn] = functions.find(([id]) => id.startsWith(name))!;
      const { HOOK_URL, HOOK_PRIVATE } = fn.Properties.Environment.Variables;
      return [name, [HOOK_URL, HOOK_PRIVATE]];
    }),
  );
}

const none = [undefined, undefined];

it('tells those that decide who may watch, and never to ask this machine’s own networks', () => {
  const address = ['https://hook.example/', undefined];
  expect(told({ 'playback.hookUrl': 'https://hook.example/' })).toEqual({
    PlaybackManifest: address,
    DevicesLive: address,
    SharingHandler: address,
    DevicesHandler: address,
  });
});

it('tells nobody where there is none', () => {
  expect(new Set(Object.values(told({})).map((one) => JSON.stringify(one)))).toEqual(new Set([JSON.stringify(none)]));
});
