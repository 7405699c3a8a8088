/**
 * `now`: the next try may well succeed (a broken connection). `later`: trying again makes sense once somebody changed
 * something that this host cannot see (a full file system). `never`: the same request fails the same way (404, not an image).
 */
export type Retry = 'now' | 'later' | 'never'

/** Why a disk could not be made, in words for the person who asked for it. */
export class ImportFailure extends Error {
  constructor(
    message: string,
    readonly retry: Retry,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'ImportFailure'
  }
}
