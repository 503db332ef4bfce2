CREATE TABLE __drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
--> statement-breakpoint
-- Text compares as in SQLite and PostgreSQL: by code point, so that "a", "A" and "á" differ.
-- Stands first, for tables take the database's collation when they are created.
ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
--> statement-breakpoint
INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('52826b0b311c1152f176b7c1ecff9aebeb47e2f365aa130acf9f55c237ef820b', 1795486158578);
--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`title` varchar(500) NOT NULL,
	`description` mediumtext,
	`status` varchar(16) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	`completed_at` datetime(3),
	CONSTRAINT `tasks_id` PRIMARY KEY(`id`),
	CONSTRAINT `tasks_status_check` CHECK(`tasks`.`status` in ('pending', 'in_progress', 'completed', 'cancelled'))
);
--> statement-breakpoint
CREATE TABLE `users` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`email` varchar(768) NOT NULL,
	`password_hash` varchar(255) NOT NULL,
	`is_active` boolean NOT NULL DEFAULT true,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `users_id` PRIMARY KEY(`id`),
	CONSTRAINT `users_email_key` UNIQUE(`email`)
);
--> statement-breakpoint
ALTER TABLE `tasks` ADD CONSTRAINT `tasks_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX `tasks_user_id_idx` ON `tasks` (`user_id`,`id`);
--> statement-breakpoint
INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('43cedccff3d4afc06216fe436b864a53c29eb7b4fdd64f96de81e1e7c3793417', 1795486161335);
--> statement-breakpoint
CREATE TABLE `audit_events` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint,
	`event` varchar(32) NOT NULL,
	`address` varchar(45),
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `audit_events_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `mail_links` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`purpose` varchar(16) NOT NULL,
	`token_hash` varchar(43) NOT NULL,
	`email` varchar(768),
	`created_at` datetime(3) NOT NULL,
	`expires_at` datetime(3) NOT NULL,
	CONSTRAINT `mail_links_id` PRIMARY KEY(`id`),
	CONSTRAINT `mail_links_token_hash_key` UNIQUE(`token_hash`),
	CONSTRAINT `mail_links_purpose_check` CHECK(`mail_links`.`purpose` in ('password_reset', 'email_change'))
);
--> statement-breakpoint
CREATE TABLE `personal_access_tokens` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`name` varchar(100) NOT NULL,
	`token_hash` varchar(43) NOT NULL,
	`last_four` varchar(4) NOT NULL,
	`scopes` varchar(255) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`expires_at` datetime(3) NOT NULL,
	`last_used_at` datetime(3),
	CONSTRAINT `personal_access_tokens_id` PRIMARY KEY(`id`),
	CONSTRAINT `personal_access_tokens_token_hash_key` UNIQUE(`token_hash`)
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`family_hash` varchar(43) NOT NULL,
	`secret_hash` varchar(43) NOT NULL,
	`parent_hash` varchar(43),
	`address` varchar(45) NOT NULL,
	`user_agent` varchar(255),
	`created_at` datetime(3) NOT NULL,
	`last_used_at` datetime(3) NOT NULL,
	`expires_at` datetime(3) NOT NULL,
	CONSTRAINT `sessions_id` PRIMARY KEY(`id`),
	CONSTRAINT `sessions_family_hash_key` UNIQUE(`family_hash`)
);
--> statement-breakpoint
ALTER TABLE `users` ADD `display_name` varchar(100);
--> statement-breakpoint
ALTER TABLE `users` ADD `timezone` varchar(64) DEFAULT 'UTC' NOT NULL;
--> statement-breakpoint
ALTER TABLE `mail_links` ADD CONSTRAINT `mail_links_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE `personal_access_tokens` ADD CONSTRAINT `personal_access_tokens_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE `sessions` ADD CONSTRAINT `sessions_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX `audit_events_user_id_idx` ON `audit_events` (`user_id`,`id`);
--> statement-breakpoint
CREATE INDEX `audit_events_created_at_idx` ON `audit_events` (`created_at`);
--> statement-breakpoint
CREATE INDEX `mail_links_user_id_idx` ON `mail_links` (`user_id`,`id`);
--> statement-breakpoint
CREATE INDEX `personal_access_tokens_user_id_idx` ON `personal_access_tokens` (`user_id`,`id`);
--> statement-breakpoint
CREATE INDEX `sessions_user_id_idx` ON `sessions` (`user_id`,`id`);
--> statement-breakpoint
CREATE INDEX `sessions_expires_at_idx` ON `sessions` (`expires_at`);
--> statement-breakpoint
INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('e76a2567ecf844290f11ac4cced406e8af22ba660101b2bfa1ed7705a0c0c579', 1795487795513);
--> statement-breakpoint
INSERT INTO users (id, email, password_hash, is_active, created_at, display_name, timezone) VALUES
  (1, 'ann@example.org', '$argon2id$v=19$m=19456,t=2,p=1$YWJj$ZGVm', 1, '2026-01-01 12:34:56.789', 'Ann Ölander', 'Europe/Berlin'),
  (2, 'bob@example.org', '$argon2id$v=19$m=19456,t=2,p=1$YWJj$ZGVm', 0, '2026-01-02 12:34:56.789', NULL, 'UTC'),
  (3, 'cat@example.org', '$argon2id$v=19$m=19456,t=2,p=1$YWJj$ZGVm', 1, '2026-01-03 12:34:56.789', NULL, 'UTC');
--> statement-breakpoint
INSERT INTO sessions (id, user_id, family_hash, secret_hash, parent_hash, address, user_agent, created_at, last_used_at, expires_at) VALUES
  (1, 1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'ccccccccccccccccccccccccccccccccccccccccccc', '203.0.113.7', 'curl/8.5.0', '2026-01-01 12:34:56.789', '2026-01-04 12:34:56.789', '2026-01-30 12:34:56.789'),
  (2, 3, 'ddddddddddddddddddddddddddddddddddddddddddd', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', NULL, '2001:db8::1', NULL, '2026-01-03 12:34:56.789', '2026-01-03 12:34:56.789', '2026-01-31 12:34:56.789');
--> statement-breakpoint
INSERT INTO personal_access_tokens (id, user_id, name, token_hash, last_four, scopes, created_at, expires_at, last_used_at) VALUES
  (1, 1, 'Backup script', 'yjWv7vXthdS6amaYO_hI9sdLhPt8YgkfjdhVMRDSHCM', 'xxxx', 'tasks:read tasks:write', '2026-01-02 12:34:56.789', '2126-01-01 12:34:56.789', NULL);
--> statement-breakpoint
INSERT INTO mail_links (id, user_id, purpose, token_hash, email, created_at, expires_at) VALUES
  (1, 1, 'password_reset', 'ggggggggggggggggggggggggggggggggggggggggggg', NULL, '2026-01-04 12:34:56.789', '2026-01-05 12:34:56.789'),
  (2, 3, 'email_change', 'hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh', 'cats@example.org', '2026-01-04 12:34:56.789', '2026-01-05 12:34:56.789');
--> statement-breakpoint
INSERT INTO audit_events (id, user_id, event, address, created_at) VALUES
  (1, 1, 'registered', '203.0.113.7', '2026-01-01 12:34:56.789'),
  (2, 1, 'logged_in', '203.0.113.7', '2026-01-04 12:34:56.789'),
  (3, NULL, 'rate_limited', '198.51.100.9', '2026-01-04 12:34:56.789');
--> statement-breakpoint
INSERT INTO tasks (id, user_id, title, description, status, created_at, updated_at, completed_at) VALUES
  (1, 1, 'Buy milk', '2 l, semi-skimmed 🥛', 'completed', '2026-01-01 12:34:56.789', '2026-01-03 12:34:56.789', '2026-01-03 12:34:56.789'),
  (2, 1, 'Buy bread', NULL, 'pending', '2026-01-01 12:34:56.789', '2026-01-02 12:34:56.789', NULL),
  (3, 2, 'Call the bank', NULL, 'in_progress', '2026-01-01 12:34:56.789', '2026-01-01 12:34:56.789', NULL),
  (4, 1, 'Write to Zoë', '', 'cancelled', '2026-01-01 12:34:56.789', '2026-01-02 12:34:56.789', NULL);
