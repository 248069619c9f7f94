import { expect, it } from 'vitest';
import { memoryStore } from '../../local/issuer-store.ts';

it('keeps each kind by itself until its time is over, and finds by id and by uid', async () => {
  let now = 1_000_000;
  const store = memoryStore(() => now);
  await store('Session').upsert('s1', { uid: 'u1', accountId: 'ada' }, 10);
  await store('Grant').upsert('s1', { accountId: 'uma' });
  expect(await store('Session').find('s1')).toMatchObject({ accountId: 'ada' });
  expect(await store('Session').findByUid('u1')).toMatchObject({ accountId: 'ada' });
  expect(await store('Grant').find('s1')).toMatchObject({ accountId: 'uma' });
  now += 10_000;
  expect(await store('Session').find('s1')).toBeUndefined();
  expect(await store('Session').findByUid('u1')).toBeUndefined();
  expect(await store('Grant').find('s1'), 'without an end').toBeDefined();
  expect(await memoryStore()('Grant').find('s1'), 'of another provider').toBeUndefined();
});

it('remembers that a code was used, and forgets what is destroyed or revoked with its grant', async () => {
  const codes = memoryStore(() => 5_000)('AuthorizationCode');
  await codes.upsert('a', { grantId: 'g1' }, 60);
  await codes.upsert('b', { grantId: 'g1' }, 60);
  await codes.upsert('c', { grantId: 'g2' }, 60);
  await codes.consume('c');
  expect(await codes.find('c')).toMatchObject({ consumed: 5 });
  await codes.revokeByGrantId('g1');
  expect([await codes.find('a'), await codes.find('b')]).toEqual([undefined, undefined]);
  await codes.destroy('c');
  expect(await codes.find('c')).toBeUndefined();
});
