import { api } from '../api/client';
import type { Auth, User } from '../api/types';

/** The authentications that the server keeps, and the one that runs use. */
class Auths {
  list = $state.raw<Auth[]>([]);
  /** The name of the authentication for steps that name none. */
  chosen = $state('');

  async refresh(): Promise<void> {
    this.list = await api.auths();
    if (!this.list.some((auth) => auth.name === this.chosen)) this.chosen = this.list[0]?.name ?? '';
  }

  async put(name: string, values: Record<string, unknown>): Promise<Auth> {
    const auth = await api.putAuth(name, values);
    await this.refresh();
    if (this.list.length === 1) this.chosen = name;
    return auth;
  }

  async check(name: string): Promise<User> {
    try {
      return (await api.checkAuth(name)).user;
    } finally {
      await this.refresh();
    }
  }

  async remove(name: string): Promise<void> {
    await api.deleteAuth(name);
    await this.refresh();
  }
}

export const auths = new Auths();

/** A person's name for the page: display name, email, or ID. */
export function userText(user: User | null): string {
  for (const value of [user?.display_name, user?.email, user?.id]) if (value !== undefined && value !== null && value !== '') return String(value);
  return '';
}
