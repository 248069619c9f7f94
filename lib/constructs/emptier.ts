/** Buckets that are deleted with their stack are emptied first: CloudFormation deletes only empty ones. */
import { Aws, CustomResource, Duration, type Stack } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { SluiceFunction } from './function.ts';

/**
 * Renaming the function (its id, or where it stands) is not possible in an update: CloudFormation refuses another
 * `ServiceToken` for a custom resource that is there.
 */
export class Emptier {
  readonly #function: SluiceFunction;
  readonly #emptied: CustomResource[] = [];

  constructor(scope: Construct, config: Config) {
    this.#function = new SluiceFunction(scope, 'Emptier', {
      config,
      entry: 'storage/empty.ts',
      description: 'Empties a bucket that is deleted with the stack',
      timeout: Duration.minutes(15),
    })
      // Whether the stack is on its way out, and only of this one.
      .allow(['cloudformation:DescribeStacks'], [Aws.STACK_ID]);
  }

  /** The resource and the rights it needs come and go together: where a bucket is to stay, nobody could empty it. */
  empties(bucket: Bucket): void {
    this.#function
      .listObjects(bucket, '')
      .allow(['s3:DeleteObject'], [bucket.arnForObjects('*')], 'every object of a bucket that is deleted');
    const emptied = new CustomResource(bucket, 'Emptied', {
      serviceToken: this.#function.functionArn,
      resourceType: 'Custom::SluiceEmptied',
      properties: { Bucket: bucket.bucketName },
    });
    // Deleted before the rights it needs.
    emptied.node.addDependency(this.#function.role!);
    this.#emptied.push(emptied);
  }

  /**
   * Has every other function of the stack deleted first, with its role, so that nobody writes behind the emptying: what is
   * in a bucket after that makes its deletion fail, and no further deletion of the stack would empty it.
   */
  comesLast(stack: Stack): void {
    for (const other of stack.node.findAll()) {
      if (!(other instanceof SluiceFunction) || other === this.#function) continue;
      other.role!.node.addDependency(...this.#emptied);
    }
  }
}
