import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

/** Undefined where the condition of a write did not hold. */
export async function unlessRefused<T>(attempt: Promise<T>): Promise<T | undefined> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
