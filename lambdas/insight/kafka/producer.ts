/** The connection to Kafka: made from settings and secret, kept while it works, and made anew after anything else. */
import { isIP } from 'node:net';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { compatibilityPartitioner, Producer, type ProducerOptions } from '@platformatic/kafka';
import {
  hasPassword,
  kafkaKey,
  kafkaSecret,
  type KafkaErasure,
  type KafkaRecord,
  type KafkaSecret,
  type KafkaSettings,
} from '../../../lib/contract/kafka.ts';
import { mskToken } from './msk.ts';

/** Milliseconds: to connect; for an answer; for all of one delivery, tries included. The function itself has 30 s. */
const CONNECT = 3000;
const ANSWER = 6000;
const ALL = 20_000;
/** Times that a broker is asked again, and how long is waited before. A leader that has moved is found meanwhile. */
const RETRIES = 4;
const RETRY_DELAY = 250;

/** What a broker says of a record that it will never take, whoever sends it (Kafka protocol, error codes). */
const REFUSALS = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP'];

/** The records themselves are refused, not the connection: sent again they would be refused again. */
export class RefusedRecords extends Error {
  override name = 'RefusedRecords';
}

const secrets = new SecretsManagerClient({});

/** Throws without the cause, which could quote what it could not read. */
export async function readSecret(SecretId: string | undefined): Promise<KafkaSecret> {
  if (SecretId === undefined) return {};
  const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  try {
    return kafkaSecret.parse(JSON.parse(SecretString));
  } catch {
    throw new Error('the secret of kafka.secretArn is no JSON of username, password and, in PEM, ca');
  }
}

/** Throws where the secret lacks what the settings want of it: nothing is sent with less. */
export function optionsOf(
  settings: KafkaSettings,
  secret: KafkaSecret,
): ProducerOptions<Buffer, Buffer, Buffer, Buffer> {
  const { brokers, tls, sasl } = settings;
  const { username, password, ca } = secret;
  if (hasPassword(sasl) && (username === undefined || password === undefined))
    throw new Error('the secret of kafka.secretArn has no username or no password');
  const mechanism = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const;
  const { region, credentials, sha256 } = secrets.config;
  return {
    clientId: 'sluice',
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECT,
    requestTimeout: ANSWER,
    timeout: ANSWER,
    retries: RETRIES,
    retryDelay: RETRY_DELAY,
    autocreateTopics: false,
    // A try that was lost on the way and one that was not are one record: brokers know producer and number of each.
    idempotent: true,
    compression: 'gzip',
    // As Java's clients do it: whoever else writes to the topic finds a session in the same partition.
    partitioner: compatibilityPartitioner,
    ...(tls && {
      tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
      tlsServerName: !brokers.some((broker) => isIP(broker.slice(0, broker.lastIndexOf(':'))) !== 0),
    }),
    ...(hasPassword(sasl) && {
      sasl: { mechanism: mechanism[sasl as keyof typeof mechanism], username: username!, password: password! },
    }),
    ...(sasl === 'iam' && {
      sasl: {
        mechanism: 'OAUTHBEARER' as const,
        token: async () => mskToken({ region: await region(), credentials, sha256 }),
      },
    }),
  };
}

export class KafkaProducer {
  readonly #settings: KafkaSettings;
  readonly #options: () => Promise<ReturnType<typeof optionsOf>>;
  #made: Producer | undefined;

  constructor(settings: KafkaSettings, options: () => Promise<ReturnType<typeof optionsOf>>) {
    this.#settings = settings;
    this.#options = options;
  }

  /**
   * In their order, each by its session's partition; returns when all in-sync replicas have them. Throws `RefusedRecords`, or whatever
   * kept it from knowing: then some may be there. What comes after that begins with a new connection, and the secret read anew.
   */
  async send(records: readonly (KafkaRecord | KafkaErasure)[]): Promise<void> {
    let late: ReturnType<typeof setTimeout> | undefined;
    const end = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error(`Kafka gave no answer within ${ALL / 1000} s`)), ALL);
    });
    try {
      await Promise.race([this.#send(records), end]);
    } catch (error) {
      await this.close();
      throw isRefusal(error) ? new RefusedRecords('Kafka refuses the records', { cause: error }) : error;
    } finally {
      clearTimeout(late);
    }
  }

  async #send(records: readonly (KafkaRecord | KafkaErasure)[]): Promise<void> {
    this.#made ??= new Producer(await this.#options());
    await this.#made.send({
      messages: records.map((record) => ({
        topic: this.#settings.topic,
        key: Buffer.from(kafkaKey(record)),
        value: Buffer.from(JSON.stringify(record)),
        timestamp: BigInt(record.receivedAt),
      })),
    });
  }

  async close(): Promise<void> {
    const made = this.#made;
    this.#made = undefined;
    // It has failed already, or is not needed any more: how it ends is nobody's matter.
    await made?.close(true).catch(() => {});
  }
}

const isRefusal = (error: unknown): boolean => {
  const { findBy } = error as { findBy?: (property: string, value: string) => unknown };
  return findBy !== undefined && REFUSALS.some((id) => findBy.call(error, 'apiId', id) !== null);
};
