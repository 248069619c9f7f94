/** CloudFront's side of the keys: public keys, and the one key group that the distribution trusts. */
import {
  CloudFrontClient,
  CreateKeyGroupCommand,
  CreatePublicKeyCommand,
  DeleteKeyGroupCommand,
  DeletePublicKeyCommand,
  GetKeyGroupCommand,
  GetPublicKeyCommand,
  ListKeyGroupsCommand,
  ListPublicKeysCommand,
  NoSuchPublicKey,
  PreconditionFailed,
  PublicKeyInUse,
  UpdateKeyGroupCommand,
  type PublicKeySummary,
} from '@aws-sdk/client-cloudfront';
import { hash } from 'node:crypto';

/** Milliseconds; a key of ours that no secret knows and that is older was left by a run that broke off. */
const ORPHANED = 3_600_000;

/** Times an update is tried that another one came before. */
const TRIES = 4;

export class KeyGroup {
  readonly #client = new CloudFrontClient({});
  /** Of the group, and what the names of its keys begin with. */
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** CloudFront's id of the public key: of the one that is there already, whoever made it, else of a new one. */
  async ensureKey(publicKey: string): Promise<string> {
    const there = (await this.#keys()).find(({ EncodedKey }) => EncodedKey?.trim() === publicKey.trim());
    if (there?.Id !== undefined) return there.Id;
    const Name = `${this.#name}-${hash('sha256', publicKey).slice(0, 16)}`;
    const PublicKeyConfig = { CallerReference: Name, Name, EncodedKey: publicKey };
    const { PublicKey } = await this.#client.send(new CreatePublicKeyCommand({ PublicKeyConfig }));
    return PublicKey!.Id!;
  }

  /** The group's id and the keys in it; undefined where there is none yet. */
  async find(): Promise<{ readonly id: string; readonly items: readonly string[] } | undefined> {
    let Marker: string | undefined;
    do {
      const { KeyGroupList } = await this.#client.send(new ListKeyGroupsCommand({ Marker }));
      const found = KeyGroupList?.Items?.find(({ KeyGroup: one }) => one?.KeyGroupConfig?.Name === this.#name);
      if (found?.KeyGroup?.Id !== undefined)
        return { id: found.KeyGroup.Id, items: found.KeyGroup.KeyGroupConfig?.Items ?? [] };
      Marker = KeyGroupList?.NextMarker;
    } while (Marker !== undefined && Marker !== '');
    return undefined;
  }

  /** Makes the group hold these keys and no others; answers its id. */
  async hold(items: readonly string[]): Promise<string> {
    const KeyGroupConfig = { Name: this.#name, Items: [...items] };
    const found = await this.find();
    if (found === undefined) {
      const { KeyGroup: made } = await this.#client.send(new CreateKeyGroupCommand({ KeyGroupConfig }));
      return made!.Id!;
    }
    const { id: Id } = found;
    for (let tried = 1; ; tried += 1) {
      const { ETag, KeyGroup: there } = await this.#client.send(new GetKeyGroupCommand({ Id }));
      if (sameKeys(there?.KeyGroupConfig?.Items ?? [], items)) return Id;
      try {
        await this.#client.send(new UpdateKeyGroupCommand({ Id, IfMatch: ETag, KeyGroupConfig }));
        return Id;
      } catch (error) {
        if (!(error instanceof PreconditionFailed) || tried === TRIES) throw error;
      }
    }
  }

  /** Removes these keys, and those of ours that are in neither list and were left behind. None may be in a group. */
  async sweep(dropped: readonly string[], held: readonly string[], now: number): Promise<void> {
    const left = (await this.#ours()).filter(
      ({ Id = '', CreatedTime }) =>
        !held.includes(Id) && (CreatedTime === undefined || now * 1000 - CreatedTime.getTime() > ORPHANED),
    );
    for (const id of new Set([...dropped, ...left.map(({ Id }) => Id!)])) await this.#drop(id);
  }

  /** Removes the group and all its keys. Safe to repeat. */
  async remove(): Promise<void> {
    const found = await this.find();
    if (found !== undefined) {
      const { ETag } = await this.#client.send(new GetKeyGroupCommand({ Id: found.id }));
      await this.#client.send(new DeleteKeyGroupCommand({ Id: found.id, IfMatch: ETag }));
    }
    const ours = (await this.#ours()).map(({ Id }) => Id!);
    for (const id of new Set([...(found?.items ?? []), ...ours])) await this.#drop(id);
  }

  async #drop(Id: string): Promise<void> {
    try {
      const { ETag } = await this.#client.send(new GetPublicKeyCommand({ Id }));
      await this.#client.send(new DeletePublicKeyCommand({ Id, IfMatch: ETag }));
    } catch (error) {
      // In use: by a group that is not ours, as after an update from a version whose group CloudFormation made.
      if (!(error instanceof NoSuchPublicKey || error instanceof PublicKeyInUse)) throw error;
    }
  }

  async #ours(): Promise<PublicKeySummary[]> {
    return (await this.#keys()).filter(({ Name }) => Name?.startsWith(`${this.#name}-`));
  }

  async #keys(): Promise<PublicKeySummary[]> {
    const found: PublicKeySummary[] = [];
    let Marker: string | undefined;
    do {
      const { PublicKeyList } = await this.#client.send(new ListPublicKeysCommand({ Marker }));
      found.push(...(PublicKeyList?.Items ?? []));
      Marker = PublicKeyList?.NextMarker;
    } while (Marker !== undefined && Marker !== '');
    return found;
  }
}

const sameKeys = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && others.every((one) => some.includes(one));
