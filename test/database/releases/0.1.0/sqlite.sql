CREATE TABLE __drizzle_migrations (id serial primary key, hash text not null, created_at numeric);
--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`title` text(500) NOT NULL,
	`description` text,
	`status` text(16) NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`completed_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "tasks_status_check" CHECK("tasks"."status" in ('pending', 'in_progress', 'completed', 'cancelled'))
);
--> statement-breakpoint
CREATE INDEX `tasks_user_id_idx` ON `tasks` (`user_id`,`id`);
--> statement-breakpoint
CREATE TABLE `users` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`email` text(768) NOT NULL,
	`password_hash` text(255) NOT NULL,
	`is_active` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email`);
--> statement-breakpoint
INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('bd06e5db8b6872c89168e3bd5e9f2e18439a0a417cbf62dccfb424207acf0af8', 1795486160337);
--> statement-breakpoint
CREATE TABLE `audit_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer,
	`event` text(32) NOT NULL,
	`address` text(45),
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_events_user_id_idx` ON `audit_events` (`user_id`,`id`);
--> statement-breakpoint
CREATE INDEX `audit_events_created_at_idx` ON `audit_events` (`created_at`);
--> statement-breakpoint
CREATE TABLE `mail_links` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`purpose` text(16) NOT NULL,
	`token_hash` text(43) NOT NULL,
	`email` text(768),
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "mail_links_purpose_check" CHECK("mail_links"."purpose" in ('password_reset', 'email_change'))
);
--> statement-breakpoint
CREATE INDEX `mail_links_user_id_idx` ON `mail_links` (`user_id`,`id`);
--> statement-breakpoint
CREATE UNIQUE INDEX `mail_links_token_hash_key` ON `mail_links` (`token_hash`);
--> statement-breakpoint
CREATE TABLE `personal_access_tokens` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`name` text(100) NOT NULL,
	`token_hash` text(43) NOT NULL,
	`last_four` text(4) NOT NULL,
	`scopes` text(255) NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`last_used_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `personal_access_tokens_user_id_idx` ON `personal_access_tokens` (`user_id`,`id`);
--> statement-breakpoint
CREATE UNIQUE INDEX `personal_access_tokens_token_hash_key` ON `personal_access_tokens` (`token_hash`);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`family_hash` text(43) NOT NULL,
	`secret_hash` text(43) NOT NULL,
	`parent_hash` text(43),
	`address` text(45) NOT NULL,
	`user_agent` text(255),
	`created_at` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `sessions_user_id_idx` ON `sessions` (`user_id`,`id`);
--> statement-breakpoint
CREATE INDEX `sessions_expires_at_idx` ON `sessions` (`expires_at`);
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_family_hash_key` ON `sessions` (`family_hash`);
--> statement-breakpoint
ALTER TABLE `users` ADD `display_name` text(100);
--> statement-breakpoint
ALTER TABLE `users` ADD `timezone` text(64) DEFAULT 'UTC' NOT NULL;
--> statement-breakpoint
INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('da3b80119e941b387c4d8eaf6af1854128e0331bc9f0124b7d4ad675b2dffeef', 1795487793506);
--> statement-breakpoint
INSERT INTO users (id, email, password_hash, is_active, created_at, display_name, timezone) VALUES
  (1, 'ann@example.org', '$argon2id$v=19$m=19456,t=2,p=1$YWJj$ZGVm', 1, 1767270896789, 'Ann Ölander', 'Europe/Berlin'),
  (2, 'bob@example.org', '$argon2id$v=19$m=19456,t=2,p=1$YWJj$ZGVm', 0, 1767357296789, NULL, 'UTC'),
  (3, 'cat@example.org', '$argon2id$v=19$m=19456,t=2,p=1$YWJj$ZGVm', 1, 1767443696789, NULL, 'UTC');
--> statement-breakpoint
INSERT INTO sessions (id, user_id, family_hash, secret_hash, parent_hash, address, user_agent, created_at, last_used_at, expires_at) VALUES
  (1, 1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'ccccccccccccccccccccccccccccccccccccccccccc', '203.0.113.7', 'curl/8.5.0', 1767270896789, 1767530096789, 1769776496789),
  (2, 3, 'ddddddddddddddddddddddddddddddddddddddddddd', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', NULL, '2001:db8::1', NULL, 1767443696789, 1767443696789, 1769862896789);
--> statement-breakpoint
INSERT INTO personal_access_tokens (id, user_id, name, token_hash, last_four, scopes, created_at, expires_at, last_used_at) VALUES
  (1, 1, 'Backup script', 'yjWv7vXthdS6amaYO_hI9sdLhPt8YgkfjdhVMRDSHCM', 'xxxx', 'tasks:read tasks:write', 1767357296789, 4922944496789, NULL);
--> statement-breakpoint
INSERT INTO mail_links (id, user_id, purpose, token_hash, email, created_at, expires_at) VALUES
  (1, 1, 'password_reset', 'ggggggggggggggggggggggggggggggggggggggggggg', NULL, 1767530096789, 1767616496789),
  (2, 3, 'email_change', 'hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh', 'cats@example.org', 1767530096789, 1767616496789);
--> statement-breakpoint
INSERT INTO audit_events (id, user_id, event, address, created_at) VALUES
  (1, 1, 'registered', '203.0.113.7', 1767270896789),
  (2, 1, 'logged_in', '203.0.113.7', 1767530096789),
  (3, NULL, 'rate_limited', '198.51.100.9', 1767530096789);
--> statement-breakpoint
INSERT INTO tasks (id, user_id, title, description, status, created_at, updated_at, completed_at) VALUES
  (1, 1, 'Buy milk', '2 l, semi-skimmed 🥛', 'completed', 1767270896789, 1767443696789, 1767443696789),
  (2, 1, 'Buy bread', NULL, 'pending', 1767270896789, 1767357296789, NULL),
  (3, 2, 'Call the bank', NULL, 'in_progress', 1767270896789, 1767270896789, NULL),
  (4, 1, 'Write to Zoë', '', 'cancelled', 1767270896789, 1767357296789, NULL);
