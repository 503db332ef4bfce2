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
ALTER TABLE `users` ADD `display_name` varchar(100);--> statement-breakpoint
ALTER TABLE `users` ADD `timezone` varchar(64) DEFAULT 'UTC' NOT NULL;--> statement-breakpoint
ALTER TABLE `mail_links` ADD CONSTRAINT `mail_links_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `personal_access_tokens` ADD CONSTRAINT `personal_access_tokens_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `sessions` ADD CONSTRAINT `sessions_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX `audit_events_user_id_idx` ON `audit_events` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_events_created_at_idx` ON `audit_events` (`created_at`);--> statement-breakpoint
CREATE INDEX `mail_links_user_id_idx` ON `mail_links` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `personal_access_tokens_user_id_idx` ON `personal_access_tokens` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `sessions_user_id_idx` ON `sessions` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `sessions_expires_at_idx` ON `sessions` (`expires_at`);