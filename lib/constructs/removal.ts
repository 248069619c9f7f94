import { RemovalPolicy } from 'aws-cdk-lib';
import type { Config } from '../config.ts';

/** What becomes, when the stack is deleted, of what must not be lost. */
export const removalOf = ({ removal }: Pick<Config, 'removal'>): RemovalPolicy =>
  removal === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
